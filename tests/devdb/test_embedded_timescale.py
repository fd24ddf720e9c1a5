"""What an application does with TimescaleDB, on the embedded one."""

import io

import psycopg2
import psycopg2.errors
import pytest
from psycopg2 import extensions
from psycopg2.extras import execute_values

REFRESH = "CALL refresh_continuous_aggregate('iot.hourly', NULL, NULL)"


def test_a_refresh_materializes_the_aggregate(measurements: extensions.cursor) -> None:
    measurements.execute(
        """
        INSERT INTO iot.measurements
        SELECT time, 'd' || device, 'p', 1
        FROM generate_series(timestamptz '2024-01-01', '2024-01-03', '10 min') AS time,
             generate_series(1, 5) AS device"""
    )
    measurements.execute("SELECT count(*) FROM iot.hourly")
    assert measurements.fetchone() == (0,)
    measurements.execute(REFRESH)
    measurements.execute("SELECT count(*), sum(row_count) FROM iot.hourly")
    assert measurements.fetchone() == (5 * 49, 5 * 289)


def test_a_policy_runs_by_hand(measurements: extensions.cursor) -> None:
    measurements.execute(
        "SELECT add_continuous_aggregate_policy"
        "('iot.hourly', NULL, INTERVAL '1 hour', INTERVAL '1 hour')"
    )
    job = measurements.fetchone()
    measurements.execute("INSERT INTO iot.measurements VALUES ('2024-01-02 00:05+00', 'd', 'p', 1)")
    measurements.execute("CALL run_job(%s)", job)
    measurements.execute("SELECT device_id, row_count FROM iot.hourly")
    assert measurements.fetchall() == [("d", 1)]


def test_a_refresh_is_refused_in_a_transaction(measurements: extensions.cursor) -> None:
    measurements.execute("BEGIN")
    with pytest.raises(psycopg2.errors.ActiveSqlTransaction):
        measurements.execute(REFRESH)
    measurements.execute("ROLLBACK")


def test_schema_changes_roll_back(measurements: extensions.cursor) -> None:
    measurements.execute("BEGIN; DROP MATERIALIZED VIEW iot.hourly; DROP TABLE iot.measurements")
    measurements.execute("ROLLBACK")
    measurements.execute("SELECT count(*) FROM iot.hourly")
    assert measurements.fetchone() == (0,)


def test_copy_and_execute_values(measurements: extensions.cursor) -> None:
    lines = (f"2024-01-01 00:00+00\td{i}\tp\t{i}\n" for i in range(20_000))
    measurements.copy_expert("COPY iot.measurements FROM STDIN", io.StringIO("".join(lines)))
    assert measurements.rowcount == 20_000
    execute_values(
        measurements,
        "INSERT INTO iot.measurements VALUES %s ON CONFLICT DO NOTHING",
        [("2024-02-01 00:00+00", f"d{i}", "p", i) for i in range(5_000)],
        page_size=1_000,
    )
    measurements.execute("SELECT count(*), sum(value) FROM iot.measurements")
    assert measurements.fetchone() == (25_000, sum(range(20_000)) + sum(range(5_000)))


def test_copy_out_gives_back_what_copy_in_took(cursor: extensions.cursor) -> None:
    data = "1\tone\n2\t\\N\n3\ttab\\tand\\nline\n"
    cursor.execute("CREATE TABLE iot.t (i int, s text)")
    cursor.copy_expert("COPY iot.t FROM STDIN", io.StringIO(data))
    received = io.StringIO()
    cursor.copy_expert("COPY iot.t TO STDOUT", received)
    assert received.getvalue() == data


def test_an_error_in_copied_data_leaves_the_session_usable(cursor: extensions.cursor) -> None:
    cursor.execute("CREATE TABLE iot.t (i int)")
    with pytest.raises(psycopg2.errors.InvalidTextRepresentation):
        cursor.copy_expert(
            "COPY iot.t FROM STDIN", io.StringIO("1\nnot a number\n" + "2\n" * 9_999)
        )
    cursor.copy_expert("COPY iot.t FROM STDIN", io.StringIO("3\n"))
    cursor.execute("SELECT i FROM iot.t")
    assert cursor.fetchall() == [(3,)]


def test_a_second_copy_in_one_query_is_an_error(cursor: extensions.cursor) -> None:
    cursor.execute("CREATE TABLE iot.t (i int)")
    copy = "COPY iot.t FROM STDIN"
    with pytest.raises(psycopg2.errors.QueryCanceled, match="one COPY FROM STDIN"):
        cursor.copy_expert(f"{copy}; {copy}", io.StringIO("1\n"))
    cursor.execute("SELECT count(*) FROM iot.t")
    assert cursor.fetchone() == (0,)


@pytest.mark.parametrize(
    "statement",
    [
        'COPY iot."of; stdin" (i) FROM /* not a file */ STDIN WITH (FORMAT csv)',
        '-- a comment\nCOPY iot."of; stdin" FROM STDIN',
        'SELECT $$ it\'s $$; COPY iot."of; stdin" FROM STDIN',
    ],
)
def test_copy_is_recognised_in_any_spelling(cursor: extensions.cursor, statement: str) -> None:
    cursor.execute('CREATE TABLE iot."of; stdin" (i int)')
    cursor.copy_expert(statement, io.StringIO("1\n2\n"))
    cursor.execute('SELECT count(*) FROM iot."of; stdin"')
    assert cursor.fetchone() == (2,)


def test_text_about_copy_is_not_taken_for_one(cursor: extensions.cursor) -> None:
    cursor.execute("SELECT 'COPY t FROM STDIN; COPY t FROM STDIN'")
    assert cursor.fetchone() == ("COPY t FROM STDIN; COPY t FROM STDIN",)


def test_a_large_result_arrives_whole(cursor: extensions.cursor) -> None:
    cursor.execute("SELECT i, repeat('x', i % 100) FROM generate_series(1, 300000) AS i")
    rows = cursor.fetchall()
    assert [number for number, _ in rows] == list(range(1, 300_001))
    assert all(len(text) == number % 100 for number, text in rows)


def test_a_deep_expression_does_not_exhaust_the_stack(cursor: extensions.cursor) -> None:
    cursor.execute("SELECT " + " + ".join(["1"] * 5_000))
    assert cursor.fetchone() == (5_000,)


def test_another_encoding_is_an_ordinary_error(cursor: extensions.cursor) -> None:
    with pytest.raises(psycopg2.errors.FeatureNotSupported):
        cursor.execute("SET client_encoding TO 'LATIN1'")
    with pytest.raises(psycopg2.errors.UndefinedFunction):
        cursor.execute("SELECT convert_to('é', 'LATIN1')")
    cursor.execute("SELECT 'é'")
    assert cursor.fetchone() == ("é",)
