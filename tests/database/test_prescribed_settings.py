"""What a role, a database or a server prescribes does not decide what a statement means."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, text

from chalicelib.database import Deadline, session, transaction
from tests.prescribed import prescribed
from tests.sandbox import Sandbox

pytestmark = pytest.mark.postgresql
SETTINGS = {
    "DateStyle": "SQL, DMY",
    "IntervalStyle": "iso_8601",
    "TimeZone": "Asia/Kolkata",
    "client_encoding": "LATIN1",
    "bytea_output": "escape",
    "extra_float_digits": "-4",
    "array_nulls": "off",
    "standard_conforming_strings": "off",
    "default_transaction_isolation": "repeatable read",
}
REFRESHING = {"enable_sort": "off", "work_mem": "8MB"}


@pytest.fixture
def engine(migrated: Sandbox) -> Iterator[Engine]:
    with prescribed(migrated, SETTINGS) as engine:
        yield engine


def answer(engine: Engine, query: str, **values: Any) -> Any:
    with transaction(engine, Deadline.after(60)) as connection:
        return connection.execute(text(query), values).scalar_one()


def test_what_is_read_is_what_is_there(engine: Engine) -> None:
    instant = datetime(2024, 6, 5, 10, 17, tzinfo=UTC)
    span = timedelta(days=1, hours=2)
    assert answer(engine, "SELECT :value", value="gerät ☃ \\n") == "gerät ☃ \\n"
    assert answer(engine, "SELECT CAST(:value AS timestamptz)", value=instant) == instant
    assert answer(engine, "SELECT CAST('06/05/2024 10:17 UTC' AS timestamptz)") == instant
    assert answer(engine, "SELECT CAST(:value AS interval)", value=span) == span
    assert answer(engine, "SELECT CAST(:value AS float8)", value=0.1 + 0.2) == 0.1 + 0.2
    assert answer(engine, "SELECT CAST('{NULL,\"NULL\"}' AS text[])") == [None, "NULL"]
    assert bytes(answer(engine, "SELECT CAST(:value AS bytea)", value=b"\0\xff")) == b"\0\xff"
    assert answer(engine, "SELECT to_json(CAST(:value AS timestamptz))", value=instant) == (
        "2024-06-05T10:17:00+00:00"
    )


def test_a_transaction_sees_what_others_have_committed_meanwhile(
    migrated: Sandbox, engine: Engine
) -> None:
    query = text("SELECT count(*) FROM iot_data.redshift_devices")
    with transaction(engine, Deadline.after(60)) as connection:
        assert connection.execute(query).scalar_one() == 0
        migrated.rows("INSERT INTO iot_data.redshift_devices (device_id) VALUES ('d')")
        assert connection.execute(query).scalar_one() == 1


def test_a_statement_outside_of_a_transaction_is_isolated_likewise(engine: Engine) -> None:
    with session(engine, Deadline.after(60), REFRESHING) as connection:
        assert connection.execute(text("SHOW transaction_isolation")).scalar_one() == (
            "read committed"
        )


def test_a_session_gives_back_what_it_set_and_nothing_else(engine: Engine) -> None:
    # The driver's own reading of dates is the one that a RESET ALL would take away.
    names = ("DateStyle", "client_encoding", "statement_timeout", *REFRESHING)

    def settings() -> list[str]:
        with engine.connect() as connection:
            return [connection.execute(text(f"SHOW {name}")).scalar_one() for name in names]

    before = settings()
    with session(engine, Deadline.after(60), REFRESHING) as connection:
        assert connection.execute(text("SHOW enable_sort")).scalar_one() == "off"
    assert settings() == before
    assert engine.pool.checkedin() == 1  # type: ignore[attr-defined]
