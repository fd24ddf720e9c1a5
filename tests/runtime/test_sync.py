"""The scheduled function, from the package."""

from datetime import timedelta
from typing import Any

import pytest

from lambdaenv.container import Container
from tests.fleet import Fleet
from tests.runtime.conftest import StartContainer, sample
from tests.sandbox import PROJECT, Sandbox

HANDLER = "app.sync_device_parameters"
PASSWORD = "a-password-nobody-may-see"


@pytest.fixture
def container(warm: StartContainer, fleet: Fleet, migrated: Sandbox) -> Container:
    """A warm one, and two pairs that reported lately."""
    fleet.add_pairs(2, migrated.now() - timedelta(minutes=5))
    return warm(HANDLER)


def metrics_of(container: Container) -> dict[str, Any]:
    """The one line in the embedded metric format."""
    [record] = [record for record in container.log() if "_aws" in record]
    return record


def test_the_schedule_fills_the_table(container: Container, fleet: Fleet) -> None:
    run = container.invoke(sample("schedule")).result
    assert (run["status"], run["trigger"]) == ("succeeded", "schedule")
    assert fleet.keys() == [("d000", "p"), ("d001", "p")]


def test_a_run_publishes_its_metrics_and_logs_its_end(container: Container) -> None:
    container.invoke(sample("schedule"))
    metrics = metrics_of(container)
    [directive] = metrics["_aws"]["CloudWatchMetrics"]
    assert directive["Namespace"] == "device-parameters-prod"
    names = {metric["Name"] for metric in directive["Metrics"]}
    assert {"Added", "Removed", "Renamed", "RunDuration", "RunFailed"} <= names <= metrics.keys()
    assert metrics["Added"] == [2.0]
    [finished] = [record for record in container.log() if record.get("message") == "run_finished"]
    assert (finished["level"], finished["service"]) == ("INFO", "device-parameters")
    assert finished["added"] == 2


def test_a_direct_payload_plans_without_writing(container: Container, fleet: Fleet) -> None:
    run = container.invoke({"dry_run": True}).result
    assert run["deltas"]["added"] == 2
    assert [pair["device_id"] for pair in run["planned"]["added"]] == ["d000", "d001"]
    assert fleet.keys() == []


def test_a_malformed_payload_is_an_error_that_names_the_field(container: Container) -> None:
    answer = container.invoke({"window_minutes": "soon"})
    kind, message = answer.error
    assert kind == "InvalidRequestError"
    assert message.startswith("window_minutes must be a whole number")
    assert container.invoke({"dry_run": True}).kind == "response", "the container goes on"


def test_a_traceback_names_the_task_root_and_no_path_of_the_build(container: Container) -> None:
    trace = "".join(container.invoke({"window_minutes": "soon"}).body["stackTrace"])
    assert f"{container.root}/chalicelib/features/device_parameters/run_requests.py" in trace
    assert "raise _refusal(" in trace, "the sources are there to be quoted"
    assert str(PROJECT) not in container.output()
    assert "release-" not in container.output()


def test_a_database_that_cannot_be_reached_fails_the_run_and_names_no_password(
    start: StartContainer, migrated: Sandbox
) -> None:
    unreachable = {"TIMESCALE_DB_PORT": "1", "TIMESCALE_DB_PASSWORD": PASSWORD}
    container = start(HANDLER, **{**migrated.environment, **unreachable})
    answer = container.invoke(sample("schedule"))
    kind, message = answer.error
    assert kind == "DatabaseUnavailableError"
    assert "port 1 failed" in message
    assert metrics_of(container)["RunFailed"] == [1.0]
    assert PASSWORD not in str(answer.body) + container.output()


def test_a_setting_that_is_missing_is_named(start: StartContainer, migrated: Sandbox) -> None:
    variables = {**migrated.environment, "TIMESCALE_DB_HOST": ""}
    kind, message = start(HANDLER, **variables).invoke(sample("schedule")).error
    assert (kind, message) == ("InvalidSettingError", "TIMESCALE_DB_HOST is not set")


def test_a_function_that_cannot_start_says_why(start: StartContainer, migrated: Sandbox) -> None:
    container = start(HANDLER, **{**migrated.environment, "LOG_LEVEL": "LOUD"})
    answer = container.wait_for_init_error()
    assert answer.kind == "init/error"
    kind, message = answer.error
    assert kind == "InvalidSettingError"
    assert message.startswith("LOG_LEVEL must be one of")


def test_a_load_is_followed_by_a_run(warm: StartContainer, fleet: Fleet) -> None:
    fleet.add_pairs(2, fleet.now() - timedelta(minutes=5))
    run = warm("app.sync_after_load").invoke(sample("measurements_loaded")).result
    assert (run["status"], run["trigger"], run["deltas"]["added"]) == ("succeeded", "event", 2)
