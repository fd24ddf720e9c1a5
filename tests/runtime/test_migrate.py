"""Migrations, from the package: the revisions are in it."""

from collections.abc import Iterator

import pytest

from chalicelib.database.schema import head_revision
from lambdaenv.container import Container
from tests.runtime.conftest import StartContainer, sample
from tests.sandbox import Sandbox

HANDLER = "app.migrate"
HEAD = head_revision()
THIRD, FOURTH = "0003_device_parameters_runs", "0004_device_parameters_last_seen"


@pytest.fixture
def container(warm: StartContainer, migrated: Sandbox) -> Iterator[Container]:
    yield warm(HANDLER)
    migrated.expect_rebuild()


def test_the_schema_goes_down_and_up_again(container: Container, migrated: Sandbox) -> None:
    down = container.invoke({"command": "downgrade", "revision": "base"}).result
    assert (down["from"], down["to"]) == (HEAD, None)
    assert container.invoke({"revision": THIRD}).result["to"] == THIRD
    up = container.invoke({}).result
    assert (up["from"], up["to"]) == (THIRD, HEAD)
    assert (up["applied"][0], up["applied"][-1]) == (FOURTH, HEAD)
    assert migrated.value("SELECT version_num FROM iot_data.device_parameters_version") == HEAD


def test_what_was_dropped_is_recreated_by_the_package_alone(
    container: Container, migrated: Sandbox
) -> None:
    migrated.rows("DROP MATERIALIZED VIEW iot_data.device_parameters_hourly CASCADE")
    first, *_ = container.invoke({"command": "repair"}).result["repaired"]
    assert first.startswith("recreated the continuous aggregate")
    assert container.invoke({"command": "repair"}).result["repaired"] == []
    assert migrated.value("SELECT count(*) FROM iot_data.device_parameters_hourly") == 0


def test_rows_are_not_dropped_unasked(container: Container, migrated: Sandbox) -> None:
    migrated.rows("INSERT INTO iot_data.device_parameters VALUES ('d', 'Door', 'p', 'Power')")
    base = {"command": "downgrade", "revision": "base"}
    kind, message = container.invoke(base).error
    assert (kind, "device_parameters (1 row)" in message) == ("MigrationError", True)
    assert container.invoke({**base, "drop_data": True}).result["to"] is None


def test_the_log_stays_json(container: Container) -> None:
    container.invoke({"command": "downgrade", "revision": THIRD})
    # A container that has just started says so as well, whichever test is its first.
    *before, last = [record["message"] for record in container.log()]
    assert ("revision_applied" in before, last) == (True, "migrated")
    assert container.invoke(sample("migrate")).result["to"] == THIRD


@pytest.mark.parametrize(
    ("event", "kind", "sentence"),
    [
        ({"command": "stamp"}, "InvalidRequestError", "command must be one of"),
        ({"to": "head"}, "InvalidRequestError", "unknown field 'to'"),
        ({"revision": "tomorrow"}, "MigrationError", "Can't locate revision"),
    ],
)
def test_what_cannot_be_done_is_an_error_of_the_function(
    container: Container, event: object, kind: str, sentence: str
) -> None:
    answer = container.invoke(event)
    assert answer.error[0] == kind
    assert sentence in answer.error[1]


def test_a_database_that_is_not_ready_is_refused(container: Container, migrated: Sandbox) -> None:
    migrated.clear()
    kind, message = container.invoke({}).error
    assert kind == "MigrationError"
    assert message.startswith("source tables are missing: iot_data.redshift_devices")
