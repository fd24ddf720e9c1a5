"""Imports are carried out once, whoever is killed, cancels them, or is in the way."""

from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chalicelib.errors import DatabaseUnavailableError
from chalicelib.features.devices.imports import batches, carry_out, forget
from chalicelib.features.devices.imports.context import Importing
from chalicelib.features.devices.imports.invocations import register_imports
from tests.features.devices.imports.desk import HEAD, Desk, counts, line_of, many, ndjson
from tests.features.devices.imports.killed_import import QUERIES, ROWS
from tests.features.devices.registry import LEAST, TYPE
from tests.interruption import interrupted_at, run_until_killed

COUNT = 10
BOUNDARIES = [
    *(
        f"{moment}:{statement}"
        for statement in ("move", "add_devices", "add_rows", "finish")
        for moment in ("before", "after", "committed")
    ),
    "committed:renew",
]
# Of each line what became of it, wherever that is written.
WRITTEN = """
SELECT count(*), count(DISTINCT row.line), count(DISTINCT device.device_id),
       count(presence.device_id), count(change.change_id), count(master.device_id)
FROM iot_data.devices AS device
FULL JOIN iot_data.device_import_rows AS row USING (device_id)
LEFT JOIN iot_data.device_presence AS presence USING (device_id)
LEFT JOIN iot_data.device_changes AS change USING (device_id)
LEFT JOIN iot_data.redshift_devices AS master USING (device_id)
"""


class PowerFailureError(Exception):
    """Nobody catches it."""


@pytest.fixture(autouse=True)
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batches, "BATCH_ROWS", ROWS)


def once(act: Callable[[], object]) -> Callable[[], None]:
    """*act* the first time, and nothing ever after."""
    left = [act]

    def interrupt() -> None:
        if left:
            left.pop()()

    return interrupt


def fail() -> None:
    raise PowerFailureError


def all_is_there_once(desk: Desk, import_id: str) -> None:
    assert counts(desk.get(import_id)) == ("succeeded", COUNT, 0)
    assert desk.sandbox.rows(WRITTEN) == [(COUNT,) * 6]
    assert not desk.sandbox.rows("SELECT FROM iot_data.device_import_work")


@pytest.mark.parametrize("boundary", BOUNDARIES)
def test_wherever_it_fails_each_line_is_one_device(boundary: str, desk: Desk) -> None:
    import_id = desk.ask(many(COUNT), "ndjson")
    with interrupted_at(QUERIES, boundary, once(fail)), pytest.raises(PowerFailureError):
        register_imports(None)
    desk.make_due()
    register_imports(None)
    all_is_there_once(desk, import_id)


@pytest.mark.parametrize("boundary", ["after:add_rows", "committed:add_rows"])
def test_a_process_that_is_killed_leaves_nothing_half_done(boundary: str, desk: Desk) -> None:
    import_id = desk.ask(many(COUNT), "ndjson")
    run_until_killed(desk.sandbox, "tests.features.devices.imports.killed_import", boundary)
    register_imports(None)
    is_begun = boundary.startswith("committed")
    # Its claim has not run out.
    assert desk.registered() == (ROWS if is_begun else 0)
    assert desk.get(import_id)["status"] == ("running" if is_begun else "waiting")
    desk.make_due()
    register_imports(None)
    all_is_there_once(desk, import_id)


@pytest.mark.parametrize("boundary", ["committed:move", "committed:renew", "committed:find_task"])
def test_one_that_has_overrun_its_lease_leaves_the_rest_to_another(
    boundary: str, desk: Desk
) -> None:
    import_id = desk.ask(many(COUNT), "ndjson")

    def another() -> None:
        desk.make_due()
        register_imports(None)

    with interrupted_at(QUERIES, boundary, once(another)):
        register_imports(None)
    all_is_there_once(desk, import_id)


def test_nobody_goes_on_with_what_another_has_claimed(desk: Desk) -> None:
    import_id = desk.ask(many(COUNT), "ndjson")

    def claimed_by_another() -> None:
        desk.sandbox.rows(
            "UPDATE iot_data.device_import_work "
            "SET claim_id = gen_random_uuid(), due_at = now() + interval '1 minute'"
        )

    with interrupted_at(QUERIES, "committed:add_rows", once(claimed_by_another)):
        register_imports(None)
    assert counts(desk.get(import_id)) == ("running", ROWS, 0)
    desk.make_due()
    register_imports(None)
    all_is_there_once(desk, import_id)


def test_a_commit_whose_answer_was_lost_is_not_repeated(desk: Desk) -> None:
    import_id = desk.ask(many(COUNT), "ndjson")

    def lose_answer() -> None:
        raise DatabaseUnavailableError("the connection was lost")

    with interrupted_at(QUERIES, "committed:add_rows", once(lose_answer)):
        register_imports(None)
    all_is_there_once(desk, import_id)


def test_what_is_cancelled_goes_no_further(desk: Desk) -> None:
    import_id = desk.ask(many(COUNT), "ndjson")
    cancelled = []

    def cancel() -> None:
        cancelled.append(desk.admin.ask("POST", f"/device-imports/{import_id}/cancel"))

    with interrupted_at(QUERIES, "committed:add_rows", once(cancel)):
        register_imports(None)
    assert counts(cancelled[0].json_body) == ("cancelled", ROWS, 0)
    assert desk.get(import_id) == cancelled[0].json_body
    desk.make_due()
    register_imports(None)
    assert desk.registered() == ROWS


def test_imports_take_turns(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(carry_out, "TURN_SECONDS", 0)
    for name in ("A", "B"):
        rows = [{**LEAST, "name": f"{name} {number}"} for number in range(2 * ROWS)]
        desk.ask(ndjson(rows), "ndjson")
    register_imports(None)
    order = desk.sandbox.rows(
        "SELECT left(name, 1) FROM iot_data.devices GROUP BY created_at, left(name, 1) "
        "ORDER BY created_at"
    )
    assert order == [("A",), ("B",), ("A",), ("B",)]


def test_what_is_not_done_in_a_minute_goes_on_in_the_next(desk: Desk) -> None:
    import_id = desk.ask(many(COUNT), "ndjson")
    with pytest.MonkeyPatch.context() as patch:
        # For the claim, and after a batch no more.
        answers = iter([True])
        patch.setattr(Importing, "has_time", lambda _: next(answers, False))
        register_imports(None)
    assert counts(desk.get(import_id)) == ("running", ROWS, 0)
    register_imports(None)
    all_is_there_once(desk, import_id)


def test_a_csv_goes_on_with_the_columns_of_its_head(desk: Desk) -> None:
    import_id = desk.ask(HEAD + "".join(line_of(f"D {number}") for number in range(COUNT)))
    with (
        interrupted_at(QUERIES, "committed:add_rows", once(fail)),
        pytest.raises(PowerFailureError),
    ):
        register_imports(None)
    desk.make_due()
    register_imports(None)
    all_is_there_once(desk, import_id)
    assert [row["line"] for row in desk.rows(import_id)] == list(range(2, COUNT + 2))


def test_a_file_may_have_so_many_rows_and_no_more(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IMPORT_MAX_ROWS", "6")
    assert counts(desk.carry_out(ndjson([LEAST] * 6) + "\n\n", "ndjson")) == ("succeeded", 6, 0)
    done = desk.carry_out(ndjson([LEAST, {}] * 4), "ndjson")
    assert counts(done) == ("failed", 3, 3)
    assert done["failure"]["message"] == (
        "the file has more than 6 rows: those after line 6 have been left out"
    )


def test_a_limit_that_is_lowered_meanwhile_holds(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    import_id = desk.ask(many(COUNT), "ndjson")
    with pytest.MonkeyPatch.context() as patch:
        answers = iter([True])
        patch.setattr(Importing, "has_time", lambda _: next(answers, False))
        register_imports(None)
    monkeypatch.setenv("IMPORT_MAX_ROWS", str(ROWS - 1))
    register_imports(None)
    assert counts(desk.get(import_id)) == ("failed", ROWS, 0)


def test_a_database_that_refuses_keeps_none_of_the_others_waiting(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.sandbox.rows(
        "ALTER TABLE iot_data.devices ADD CONSTRAINT odd CHECK (name <> 'odd') NOT VALID"
    )
    try:
        refused = desk.ask(ndjson([{**LEAST, "name": "odd"}]), "ndjson")
        done = desk.carry_out(ndjson([LEAST]), "ndjson")
        assert counts(done) == ("succeeded", 1, 0)
        assert counts(desk.get(refused)) == ("waiting", 0, 0)
    finally:
        desk.sandbox.rows("ALTER TABLE iot_data.devices DROP CONSTRAINT odd")
    desk.make_due()
    register_imports(None)
    assert counts(desk.get(refused)) == ("succeeded", 1, 0)


ROW_OF_CSV = f"a,{TYPE}\n".encode()
PIECES = st.one_of(
    st.sampled_from([b"\n", b'"', b",", b"\xff", b"\0", ROW_OF_CSV, b'{"name": "a"}', b"{}"]),
    st.sampled_from(ndjson([LEAST, {**LEAST, "name": "\ud800"}]).encode().splitlines(True)),
    st.binary(max_size=20),
)


@pytest.mark.parametrize("spelling", ["csv", "ndjson"])
@settings(
    max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture], database=None
)
@given(pieces=st.lists(PIECES, max_size=15))
def test_no_bytes_are_too_much_and_each_line_has_one_outcome(
    desk: Desk, spelling: str, pieces: list[bytes]
) -> None:
    data = (b"name,deviceType\n" if spelling == "csv" else b"") + b"".join(pieces)
    import_id = desk.ask("to be replaced", spelling)
    desk.sandbox.rows(
        "UPDATE iot_data.device_imports SET data = %s, size_bytes = %s WHERE import_id = %s",
        [data, len(data), import_id],
    )
    register_imports(None)
    done = desk.get(import_id)
    lines = [row["line"] for row in desk.rows(import_id)]
    assert done["status"] == "succeeded"
    assert done["readBytes"] == len(data)
    assert lines == sorted(set(lines))
    assert len(lines) == done["registeredCount"] + done["refusedCount"]
    if b'"' not in data:
        said = [line for line in data.split(b"\n") if line not in (b"", b"\r")]
        assert len(lines) == len(said) - (spelling == "csv")


def test_what_ended_long_ago_is_forgotten(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forget, "_ROWS_AT_ONCE", 3)
    old = desk.carry_out(many(COUNT), "ndjson")["importId"]
    recent = desk.carry_out(HEAD + line_of("A"))["importId"]
    desk.sandbox.rows(
        "UPDATE iot_data.device_imports SET ended_at = now() - interval '91 days' "
        "WHERE import_id = %s",
        [old],
    )
    register_imports(None)
    left = [item["importId"] for item in desk.admin.get("/device-imports").json_body["items"]]
    assert left == [recent]
    assert len(desk.rows(recent)) == desk.sandbox.value(
        "SELECT count(*) FROM iot_data.device_import_rows"
    )
    assert desk.registered() == COUNT + 1
