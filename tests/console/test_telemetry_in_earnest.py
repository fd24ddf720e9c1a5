"""The views of telemetry on the application: they send what it takes, and show what it says."""

import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from devdb.local_server import LocalServer
from tests.console.browser import Browser, button, card, rows
from tests.ports import free_port
from tests.sandbox import PROJECT, Sandbox

TYPE = {
    "name": "sensor",
    "reportingIntervalSeconds": 60,
    "isShared": True,
    "metrics": [
        {"name": "temperature", "unit": "°C", "maximum": 85, "usual": {"maximum": 30}},
        {"name": "door", "dataType": "boolean"},
    ],
}
LATEST, REJECTED = rows("Last readings"), rows("What was rejected")
PAYLOAD = "</code><img src=x onerror=alert(1)>\u202e"


@pytest.fixture(scope="module")
def server(timescale: Sandbox) -> Iterator[LocalServer]:
    """`chalice local` with a device that has sent what is unusual, and what is wrong."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in timescale.environment.items():
            patch.setenv(name, value)
        timescale.migrate()
    timescale.rows(
        "INSERT INTO iot_data.redshift_devices (device_id, device_name, status) "
        "VALUES ('late', 'Late', true)"
    )
    environment = {**os.environ, **timescale.environment}
    with LocalServer(PROJECT, environment, free_port()) as local:
        local.post_json("/organizations", {"organizationId": "acme", "name": "Acme"})
        local.post_json("/device-types", TYPE)
        device = {"deviceType": "sensor", "name": "Roof"}
        roof = local.post_json("/devices", device)["deviceId"]
        records = [
            sent(roof, 4, temperature=41.5, door=True),
            sent(roof, 3, temperature=PAYLOAD),
            sent("late", 1, temperature=20),
            sent("late", 2, temperature=21),
        ]
        assert local.post_json("/telemetry", {"records": records})["rejected"] == 3
        yield local


def sent(device_id: str, seconds: int, **data: Any) -> dict[str, Any]:
    """A record of so many *seconds* ago."""
    at = datetime.now(UTC) - timedelta(seconds=seconds)
    return {"deviceId": device_id, "timestamp": at.isoformat(), "data": data}


def test_what_was_sent_is_shown_and_what_was_rejected_is_tried_again(
    browser: Browser, server: LocalServer
) -> None:
    browser.open(f"{server.url}/#/telemetry")
    browser.wait_for_count(LATEST, 1)
    shown = browser.text(LATEST)
    for text in ("Roof", "acme", "temperature 41.5 °C", "out of its usual limits", "door true"):
        assert text in shown

    browser.go("#/telemetry/rejects")
    browser.wait_for_count(REJECTED, 3)
    browser.find(f"{card('By reason')}{button('wrong type')}").click()
    browser.wait_for_count(REJECTED, 1)
    assert PAYLOAD in browser.text(f"{REJECTED}//code")
    browser.find(f"{REJECTED}//button").click()
    browser.wait_for_text(".toasts", "1 reject tried again. 1 reject still wrong.")

    server.post_json("/devices", {"deviceType": "sensor", "name": "Late", "deviceId": "late"})
    browser.choose("Reason", "unknown device")
    browser.wait_for_count(REJECTED, 2)
    browser.find(button("Try these again")).click()
    browser.wait_for_text(".toasts", "2 rejects cleared, 2 new readings.")
    browser.wait_until_gone(REJECTED)
    browser.go("#/telemetry/of/late")
    browser.wait_for_text(card("Late"), "20 °C")
    browser.wait_for_text(card("Rejected"), "Nothing that it has sent was rejected.")
    assert browser.complaints() == []
