"""Connections, time limits, retries, and what an error of the driver means."""

import socket
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import Engine, text

from chalicelib import database
from chalicelib.database import Deadline, retry, session, transaction
from chalicelib.errors import (
    ApplicationError,
    DatabaseBusyError,
    DatabaseRefusedError,
    DatabaseUnavailableError,
    LoginRefusedError,
    RunTimedOutError,
    SchemaOutdatedError,
)
from chalicelib.features.device_parameters.settings import SyncSettings
from chalicelib.settings import DatabaseSettings
from tests.sandbox import Sandbox

CONTENTION = DatabaseBusyError("lock not available")
CONNECTION_LOSS = DatabaseUnavailableError("server closed the connection")


class FakeTime:
    """A clock that only sleeping moves."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.naps: list[float] = []

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.naps.append(seconds)
        self.now += seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> FakeTime:
    fake = FakeTime()
    monkeypatch.setattr("chalicelib.database.deadline.time", fake)
    monkeypatch.setattr("tenacity.nap.time", fake)
    return fake


def failing(error: Exception, times: int | None = None) -> Callable[[], int]:
    """Work that raises *error* that many times, or always, and then returns its attempts."""
    attempts = 0

    def work() -> int:
        nonlocal attempts
        attempts += 1
        if times is None or attempts <= times:
            raise error
        return attempts

    return work


def test_contention_is_waited_out(clock: FakeTime) -> None:
    assert retry(failing(CONTENTION, times=10), Deadline.after(600)) == 11
    assert len(clock.naps) == 10
    assert sum(clock.naps[:3]) < sum(clock.naps[3:6]) < sum(clock.naps[6:9])
    assert max(clock.naps) <= 10.5


def test_contention_is_given_up_in_time_to_say_so(clock: FakeTime) -> None:
    deadline = Deadline.after(60)
    with pytest.raises(DatabaseUnavailableError):
        retry(failing(CONTENTION), deadline)
    assert len(clock.naps) > database.CONNECTION_ATTEMPTS
    assert database.RESERVE_SECONDS <= deadline.remaining_seconds() < 30


def test_a_lost_connection_is_given_four_attempts(clock: FakeTime) -> None:
    assert retry(failing(CONNECTION_LOSS, times=3), Deadline.after(600)) == 4
    clock.naps.clear()
    with pytest.raises(DatabaseUnavailableError):
        retry(failing(CONNECTION_LOSS, times=4), Deadline.after(600))
    assert len(clock.naps) == 3


def test_no_attempt_outlasts_the_deadline(clock: FakeTime) -> None:
    with pytest.raises(DatabaseUnavailableError):
        retry(failing(CONNECTION_LOSS), Deadline.after(database.RESERVE_SECONDS))
    assert clock.naps == []


@pytest.mark.parametrize(
    "error",
    [
        LoginRefusedError("password authentication failed"),
        DatabaseRefusedError("permission denied"),
        RunTimedOutError("a statement was cancelled"),
        SchemaOutdatedError("no such table"),
        ValueError("a bug"),
    ],
)
def test_what_will_not_pass_is_not_tried_again(clock: FakeTime, error: Exception) -> None:
    with pytest.raises(type(error)):
        retry(failing(error), Deadline.after(600))
    assert clock.naps == []


@pytest.mark.parametrize(
    ("sqlstate", "kind", "is_retried"),
    [
        ("40001", DatabaseBusyError, True),
        ("40P01", DatabaseBusyError, True),
        ("55P03", DatabaseBusyError, True),
        ("57P01", DatabaseUnavailableError, True),
        ("57P03", DatabaseUnavailableError, True),
        ("08006", DatabaseUnavailableError, True),
        ("53300", DatabaseUnavailableError, True),
        ("40003", DatabaseUnavailableError, True),
        ("57014", RunTimedOutError, False),
        ("42P01", SchemaOutdatedError, False),
        ("3F000", SchemaOutdatedError, False),
        ("42703", SchemaOutdatedError, False),
        ("42501", DatabaseRefusedError, False),
        ("53100", DatabaseRefusedError, False),
        ("53200", DatabaseRefusedError, False),
        ("53400", DatabaseRefusedError, False),
        ("54000", DatabaseRefusedError, False),
        ("55000", DatabaseRefusedError, False),
        ("XX000", DatabaseRefusedError, False),
        ("23505", DatabaseRefusedError, False),
    ],
)
def test_an_error_of_the_database_has_one_meaning(
    engine: Engine, clock: FakeTime, sqlstate: str, kind: type[ApplicationError], is_retried: bool
) -> None:
    def work() -> None:
        with transaction(engine, Deadline.after(60)) as connection:
            connection.execute(
                text(f"DO $$ BEGIN RAISE 'no such luck' USING ERRCODE = '{sqlstate}'; END $$")
            )

    with pytest.raises(kind, match="no such luck") as caught:
        retry(work, Deadline.after(60))
    assert caught.value.details["sqlstate"] == sqlstate
    assert bool(clock.naps) is is_retried


@pytest.mark.parametrize(
    "words", ["tuple concurrently updated", "could not open relation with OID 16384"]
)
def test_what_others_alter_at_this_moment_is_given_four_attempts(
    engine: Engine, clock: FakeTime, words: str
) -> None:
    """For PostgreSQL they are internal errors, which mean a defect as a rule."""

    def work() -> None:
        with transaction(engine, Deadline.after(600)) as connection:
            connection.execute(text(f"DO $$ BEGIN RAISE '{words}' USING ERRCODE = 'XX000'; END $$"))

    with pytest.raises(DatabaseBusyError, match=words):
        retry(work, Deadline.after(600))
    assert len(clock.naps) == database.CONNECTION_ATTEMPTS - 1


@pytest.mark.parametrize("sqlstate", ["53200", "53400", "54000", "55000"])
def test_what_the_server_advises_where_a_limit_is_reached_is_told(
    engine: Engine, sqlstate: str
) -> None:
    with (
        pytest.raises(DatabaseRefusedError) as caught,
        transaction(engine, Deadline.after(60)) as connection,
    ):
        connection.execute(
            text(
                "DO $$ BEGIN RAISE 'out of shared memory' USING "
                f"ERRCODE = '{sqlstate}', HINT = 'Increase the limit.'; END $$"
            )
        )
    assert caught.value.message == "out of shared memory; Increase the limit."


def test_an_error_is_one_line_without_the_statement(engine: Engine) -> None:
    with (
        pytest.raises(DatabaseRefusedError) as caught,
        transaction(engine, Deadline.after(60)) as connection,
    ):
        connection.execute(text("SELECT 1 / CAST(:hidden AS integer)"), {"hidden": 0})
    assert caught.value.message == "division by zero"


def test_statements_get_what_is_left_of_the_time_less_the_reserve(engine: Engine) -> None:
    with transaction(engine, Deadline.after(database.RESERVE_SECONDS + 20)) as connection:
        limit = connection.execute(text("SHOW statement_timeout")).scalar_one()
    assert 15_000 < int(limit.removesuffix("ms").replace("s", "000")) <= 20_000


def test_no_statement_starts_once_the_time_is_used_up(engine: Engine) -> None:
    with (
        pytest.raises(RunTimedOutError, match="the time given to this run is used up"),
        transaction(engine, Deadline.after(database.RESERVE_SECONDS)),
    ):
        pytest.fail("a limit of zero would mean no limit")


@pytest.mark.parametrize("statement", ["SELECT 1", "SELECT 1 / 0"])
def test_the_settings_of_a_session_end_with_it(engine: Engine, statement: str) -> None:
    defaults = settings_of(engine)
    deadline = Deadline.after(60)
    try:
        with session(engine, deadline, {"enable_sort": "off", "work_mem": "8MB"}) as connection:
            assert connection.execute(text("SHOW work_mem")).scalar_one() == "8MB"
            connection.execute(text(statement))
    except DatabaseRefusedError:
        assert statement == "SELECT 1 / 0"
    assert settings_of(engine) == defaults


def settings_of(engine: Engine) -> list[str]:
    names = ("enable_sort", "work_mem", "statement_timeout")
    with engine.connect() as connection:
        return [connection.execute(text(f"SHOW {name}")).scalar_one() for name in names]


def test_a_transaction_that_fails_changes_nothing(migrated: Sandbox, engine: Engine) -> None:
    def work() -> None:
        with transaction(engine, Deadline.after(60)) as connection:
            connection.execute(
                text("INSERT INTO iot_data.redshift_devices (device_id) VALUES ('d')")
            )
            connection.execute(text("SELECT 1 / 0"))

    with pytest.raises(DatabaseRefusedError):
        work()
    assert migrated.value("SELECT count(*) FROM iot_data.redshift_devices") == 0


@pytest.mark.postgresql
def test_a_connection_that_was_lost_a_moment_ago_is_replaced(
    migrated: Sandbox, engine: Engine
) -> None:
    """It was used too recently to be asked whether it is there."""
    with transaction(engine, Deadline.after(60)) as connection:
        pid = connection.execute(text("SELECT pg_backend_pid()")).scalar_one()
    migrated.rows("SELECT pg_terminate_backend(%s, 5000)", [pid])
    with transaction(engine, Deadline.after(60)) as connection:
        assert connection.execute(text("SELECT pg_backend_pid()")).scalar_one() != pid


def unreachable(settings: DatabaseSettings) -> DatabaseSettings:
    """The same server at a port where nobody listens."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return replace(settings, host="127.0.0.1", port=listener.getsockname()[1])


def test_a_database_that_does_not_answer_is_tried_four_times(
    configured: SyncSettings, clock: FakeTime
) -> None:
    engine = database.engine_for(unreachable(configured.database))

    def work() -> None:
        with transaction(engine, Deadline.after(60)):
            pytest.fail("nobody listens there")

    with pytest.raises(DatabaseUnavailableError, match="Connection refused"):
        retry(work, Deadline.after(60))
    assert len(clock.naps) == database.CONNECTION_ATTEMPTS - 1


@pytest.mark.postgresql
@pytest.mark.parametrize(
    "wrong",
    [{"user": "nobody_of_that_name"}, {"name": "no_such_database"}, {"password": "not-the-one"}],
)
def test_a_refusal_at_the_door_is_not_tried_again(
    migrated: Sandbox, configured: SyncSettings, clock: FakeTime, wrong: dict[str, Any]
) -> None:
    engine = database.engine_for(replace(configured.database, **wrong))

    def work() -> None:
        with transaction(engine, Deadline.after(60)):
            pytest.skip("this server trusts every password")

    with pytest.raises(LoginRefusedError) as caught:
        retry(work, Deadline.after(60))
    engine.dispose()
    assert clock.naps == []
    assert "not-the-one" not in caught.value.message


@pytest.mark.postgresql
@pytest.mark.parametrize("lack", ["NOLOGIN", "no CONNECT"])
def test_a_role_that_may_not_come_in_is_not_tried_again(
    migrated: Sandbox, configured: SyncSettings, clock: FakeTime, lack: str
) -> None:
    name, role = configured.database.name, f"{configured.database.name}_lacking"
    migrated.rows(f"CREATE ROLE {role} {lack.replace('no CONNECT', 'LOGIN')} PASSWORD 'pass'")
    migrated.rows(f"REVOKE CONNECT ON DATABASE {name} FROM PUBLIC")
    engine = database.engine_for(replace(configured.database, user=role, password="pass"))

    def work() -> None:
        with transaction(engine, Deadline.after(60)):
            pytest.fail("it may not come in")

    try:
        with pytest.raises(LoginRefusedError):
            retry(work, Deadline.after(60))
    finally:
        migrated.rows(f"GRANT CONNECT ON DATABASE {name} TO PUBLIC")
        migrated.rows(f"DROP ROLE {role}")
    assert clock.naps == []


def test_the_engine_shows_no_password(configured: SyncSettings) -> None:
    secret = replace(configured.database, password="s3cret-pass")
    engine = database.engine_for(secret)
    assert "s3cret-pass" not in f"{engine!r} {engine.url}"
    assert engine.hide_parameters
