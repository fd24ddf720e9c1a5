"""Many sessions on the one engine: turns, transactions, settings."""

import threading
from collections.abc import Callable
from typing import Any

import psycopg2
import psycopg2.errors
import pytest
import sqlalchemy
from psycopg2 import extensions

from devdb.embedded import EmbeddedTimescale

Connect = Callable[..., extensions.connection]


def value(session: extensions.connection, statement: str) -> Any:
    """The only column of a statement's only row."""
    with session.cursor() as cursor:
        cursor.execute(statement)
        row = cursor.fetchone()
    assert row is not None
    return row[0]


def run(session: extensions.connection, statement: str) -> None:
    with session.cursor() as cursor:
        cursor.execute(statement)


def test_a_lost_client_rolls_back(cursor: extensions.cursor, connect: Connect) -> None:
    cursor.execute("CREATE TABLE iot.t (i int)")
    lost = connect(autocommit=False)
    run(lost, "INSERT INTO iot.t VALUES (1)")
    lost.close()
    cursor.execute("SELECT count(*) FROM iot.t")
    assert cursor.fetchone() == (0,)


def test_a_savepoint_undoes_what_followed_it(cursor: extensions.cursor, connect: Connect) -> None:
    cursor.execute("CREATE TABLE iot.t (i int)")
    session = connect(autocommit=False)
    run(session, "INSERT INTO iot.t VALUES (1); SAVEPOINT before")
    run(session, "INSERT INTO iot.t VALUES (2)")
    with pytest.raises(psycopg2.errors.DivisionByZero):
        run(session, "SELECT 1 / 0")
    with pytest.raises(psycopg2.errors.InFailedSqlTransaction):
        run(session, "SELECT 1")
    run(session, "ROLLBACK TO before")
    session.commit()
    cursor.execute("SELECT i FROM iot.t")
    assert cursor.fetchall() == [(1,)]


def test_threads_take_turns(cursor: extensions.cursor, embedded: EmbeddedTimescale) -> None:
    cursor.execute("CREATE TABLE iot.counter AS SELECT 0 AS reached")
    engine = sqlalchemy.create_engine(embedded.url, pool_size=5, pool_pre_ping=True)

    def count() -> None:
        for _ in range(20):
            with engine.begin() as connection:
                reached = connection.scalar(sqlalchemy.text("SELECT reached FROM iot.counter"))
                update = sqlalchemy.text("UPDATE iot.counter SET reached = :next")
                connection.execute(update, {"next": reached + 1})

    threads = [threading.Thread(target=count) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    engine.dispose()
    cursor.execute("SELECT reached FROM iot.counter")
    assert cursor.fetchone() == (100,)


def test_a_second_open_transaction_is_refused(connect: Connect) -> None:
    first, second = connect(autocommit=False), connect(autocommit=False)
    run(first, "SELECT 1")
    with pytest.raises(psycopg2.errors.LockNotAvailable):
        run(second, "SELECT 1")
    first.rollback()
    second.rollback()
    assert value(second, "SELECT 2") == 2


def test_a_lost_client_frees_the_engine(connect: Connect) -> None:
    first, second = connect(autocommit=False), connect()
    run(first, "SELECT 1")
    first.close()
    assert value(second, "SELECT 2") == 2


def test_settings_belong_to_their_session(connect: Connect) -> None:
    first = connect(options="-c timezone=Asia/Tokyo -c work_mem=9MB")
    second = connect()
    run(first, "SET search_path TO elsewhere, public")
    run(first, "SET app.tenant = 'first'")
    for _ in range(2):
        assert value(first, "SHOW timezone") == "Asia/Tokyo"
        assert value(second, "SHOW timezone") == "UTC"
        assert value(first, "SHOW work_mem") == "9MB"
        assert value(first, "SHOW search_path") == "elsewhere, public"
        assert value(second, "SHOW search_path") == '"$user", public'
        assert value(first, "SHOW app.tenant") == "first"
        assert value(second, "SELECT current_setting('app.tenant', true)") in (None, "")


def test_a_role_belongs_to_its_session(cursor: extensions.cursor, connect: Connect) -> None:
    cursor.execute("DROP ROLE IF EXISTS reader; CREATE ROLE reader")
    first, second = connect(), connect()
    run(first, "SET ROLE reader")
    assert value(second, "SELECT current_user") == "app"
    assert value(first, "SELECT current_user") == "reader"
    run(first, "RESET ROLE")
    assert value(second, "SELECT current_user") == "app"
    assert value(first, "SELECT current_user") == "app"


def test_a_startup_setting_that_does_not_exist_is_pointed_out(connect: Connect) -> None:
    session = connect(options="-c no_such_setting=1")
    assert value(session, "SELECT 1") == 1
    assert 'unrecognized configuration parameter "no_such_setting"' in "".join(session.notices)


@pytest.mark.parametrize(
    ("change", "reset"),
    [
        ("SET search_path TO elsewhere", "RESET search_path"),
        ("SET search_path TO elsewhere", "SET search_path TO DEFAULT"),
        ("SET search_path TO elsewhere", "RESET ALL"),
        ("SET search_path TO elsewhere", "DISCARD ALL"),
        ("BEGIN; SET search_path TO elsewhere", "RESET search_path"),
    ],
)
def test_a_reset_goes_back_to_what_the_session_began_with(
    connect: Connect, change: str, reset: str
) -> None:
    session = connect(options="-c timezone=Asia/Tokyo")
    run(session, "SET work_mem = '9MB'")
    run(session, change)
    run(session, reset)
    assert value(session, "SHOW search_path") == '"$user", public'
    assert value(session, "SHOW timezone") == "Asia/Tokyo"
    assert value(session, "SHOW enable_seqscan") == "on"
    assert value(session, "SHOW work_mem") == ("64MB" if "ALL" in reset else "9MB")


@pytest.mark.parametrize(
    "statement",
    ["SET LOCAL work_mem = '7MB'", "SELECT set_config('work_mem', '7MB', true)"],
)
@pytest.mark.parametrize("end", ["COMMIT", "ROLLBACK"])
def test_a_local_setting_ends_with_its_transaction(
    connect: Connect, statement: str, end: str
) -> None:
    session, other = connect(), connect()
    run(session, "BEGIN")
    run(session, statement)
    assert value(session, "SHOW work_mem") == "7MB"
    run(session, end)
    assert value(session, "SHOW work_mem") == "64MB"
    assert value(other, "SHOW work_mem") == "64MB"


def test_a_setting_rolls_back_with_its_transaction(connect: Connect) -> None:
    session, other = connect(), connect()
    run(session, "BEGIN; SET work_mem = '7MB'; ROLLBACK")
    assert value(other, "SELECT 1") == 1
    assert value(session, "SHOW work_mem") == "64MB"


def test_two_sessions_use_the_same_temporary_table_in_turn(connect: Connect) -> None:
    for session, count in ((connect(autocommit=False), 3), (connect(autocommit=False), 5)):
        run(session, "CREATE TEMPORARY TABLE observed (i int) ON COMMIT DROP")
        run(session, f"INSERT INTO observed SELECT generate_series(1, {count})")
        assert value(session, "SELECT count(*) FROM observed") == count
        session.commit()
        assert value(session, "SELECT to_regclass('pg_temp.observed')") is None
        session.rollback()


def test_temporary_tables_and_locks_go_with_their_session(connect: Connect) -> None:
    lost = connect()
    run(lost, "CREATE TEMPORARY TABLE kept (i int); SELECT pg_advisory_lock(7)")
    lost.close()
    session = connect()
    assert value(session, "SELECT to_regclass('kept')") is None
    assert value(session, "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'") == 0


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"user": "stranger"}, 'role "stranger" is not served here'),
        ({"dbname": "elsewhere"}, 'database "elsewhere" is not served here'),
        ({"client_encoding": "LATIN1"}, "speaks UTF8 only"),
    ],
)
def test_unknown_users_databases_and_encodings_are_refused(
    connect: Connect, options: dict[str, str], message: str
) -> None:
    with pytest.raises(psycopg2.OperationalError, match=message):
        connect(**options)
