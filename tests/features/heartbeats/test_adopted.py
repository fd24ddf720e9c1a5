"""Devices that were adopted with an instant that no clock shows have an age all the same."""

import pytest
from chalice.test import Client

from app import app
from tests.sandbox import Sandbox


@pytest.mark.parametrize(
    "spelled",
    ["56000-01-01 00:00:00Z", "infinity", "0044-03-15 00:00:00Z BC", "-infinity"],
)
def test_a_device_that_was_adopted_with_such_an_instant_has_an_age(
    migrated: Sandbox, spelled: str
) -> None:
    migrated.rows(
        "INSERT INTO iot_data.device_state (device_id, site_id, last_seen_ts) "
        "VALUES ('d', 's', %s)",
        (spelled,),
    )
    with Client(app) as client:
        response = client.http.get("/devices/d/state")
    assert response.status_code == 200
    assert response.json_body["age_seconds"] >= 0
