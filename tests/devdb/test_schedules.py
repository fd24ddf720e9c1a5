"""On a database of one's own, the minute goes by as in AWS."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Timer

import pytest
from sqlalchemy import Engine

from chalicelib.database import Deadline
from chalicelib.errors import ApplicationError
from devdb import schedules
from tests.features.devices.registry import add_type
from tests.sandbox import PROJECT, Sandbox
from tests.waiting import wait_until

START_SECONDS = 60.0
ALWAYS = ["who is online", "files of devices"]
IS_ONLINE = "SELECT connectivity = 'online' FROM iot_data.devices WHERE device_id = 'd'"


def names(engine: Engine, **environment: str) -> list[str]:
    return list(schedules.each_minute(engine, environment))


def test_what_is_not_configured_is_not_done(engine: Engine) -> None:
    assert names(engine) == ALWAYS
    assert names(engine, USER_POOL_ID="eu-central-1_abc") == [*ALWAYS, "identities"]
    iot = {"DEVICE_IDENTITIES": "iot", "IOT_POLICY_NAME": "devices"}
    assert names(engine, **iot) == [*ALWAYS, "things and certificates"]


def test_what_fails_is_told_in_a_line_and_the_rest_goes_on(
    capsys: pytest.CaptureFixture[str],
) -> None:
    done: list[str] = []

    def fail(_: Deadline) -> None:
        raise ApplicationError("nobody answers")

    schedules.do_each({"first": fail, "second": lambda _: done.append("second")})
    assert done == ["second"]
    [line] = capsys.readouterr().err.splitlines()
    assert "Z first: " in line
    assert line.endswith(": nobody answers")


def register_with_reading(sandbox: Sandbox) -> None:
    """A device that has just been heard of, and of which nobody has decided anything."""
    type_id = add_type(sandbox)
    sandbox.rows(
        "INSERT INTO iot_data.organizations (organization_id, name) VALUES ('o', 'O'); "
        "INSERT INTO iot_data.devices (device_id, organization_id, device_type_id, name) "
        "VALUES ('d', 'o', %s, 'D'); "
        "INSERT INTO iot_data.device_presence (device_id, organization_id) VALUES ('d', 'o'); "
        "INSERT INTO iot_data.timescale_measurements (time, device_id, parameter_id, value) "
        "VALUES (now(), 'd', 'p', 1)",
        [type_id],
    )


@contextmanager
def started(**environment: str) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        [sys.executable, "-m", "devdb.schedules"],
        cwd=PROJECT,
        env={name: os.environ[name] for name in ("PATH", "HOME")} | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        # Where what is waited for never comes, the test fails rather than hangs.
        limit = Timer(START_SECONDS, process.kill)
        limit.start()
        try:
            yield process
        finally:
            limit.cancel()
            process.kill()


def test_a_device_that_reports_becomes_online_until_somebody_ends_it(migrated: Sandbox) -> None:
    register_with_reading(migrated)
    with started(**migrated.environment) as process:
        assert process.stdout is not None
        told = process.stdout.readline()
        wait_until(migrated, IS_ONLINE)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=START_SECONDS)
    assert told == "Each minute: who is online, files of devices, silent devices. Ctrl-C ends it.\n"
    assert (process.returncode, errors) == (0, "")


def test_without_a_database_it_says_what_is_missing() -> None:
    with started() as process:
        output, errors = process.communicate(timeout=START_SECONDS)
    assert (process.returncode, output) == (2, "")
    assert "TIMESCALE_DB_" in errors
