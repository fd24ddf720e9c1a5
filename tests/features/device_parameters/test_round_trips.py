"""What a run costs however few the pairs are: a handful of round trips until it is committed."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, event

from chalicelib.database import Deadline, transaction
from chalicelib.features.device_parameters import self_check
from chalicelib.features.device_parameters import sync as use_case
from chalicelib.features.device_parameters.model import EvidenceSource, RunStatus
from tests.conftest import SyncRunner
from tests.fleet import Fleet
from tests.sandbox import Sandbox

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
MOST_TO_OPEN_AND_WRITE = 8
MOST_TO_CHOOSE = 2


@contextmanager
def sent_until_committed(engine: Engine) -> Iterator[list[str]]:
    """What is sent meanwhile, until the application logs that its delta is committed."""
    sent: list[str] = []
    committed = _Committed(logging.INFO)

    def record(_: Any, __: Any, statement: str, *___: Any) -> None:
        if not committed.is_so:
            sent.append(statement)

    level = use_case.logger.level
    use_case.logger.setLevel(logging.INFO)
    use_case.logger.addHandler(committed)
    event.listen(engine, "before_cursor_execute", record)
    try:
        yield sent
    finally:
        event.remove(engine, "before_cursor_execute", record)
        use_case.logger.removeHandler(committed)
        use_case.logger.setLevel(level)


class _Committed(logging.Handler):
    is_so = False

    def emit(self, record: logging.LogRecord) -> None:
        self.is_so |= record.getMessage() == "run_finished"


@pytest.mark.parametrize(
    ("window_minutes", "most"),
    [(60, MOST_TO_OPEN_AND_WRITE + MOST_TO_CHOOSE), (1, MOST_TO_OPEN_AND_WRITE)],
    ids=["an hour", "the hour that is not over"],
)
def test_a_run_that_adds_removes_and_renames_is_a_handful_of_statements(
    migrated: Sandbox,
    fleet: Fleet,
    sync: SyncRunner,
    engine: Engine,
    window_minutes: int,
    most: int,
) -> None:
    as_of = migrated.now().replace(minute=0, second=0, microsecond=0) - HOUR + 2 * MINUTE
    fleet.add_pairs(3, as_of - MINUTE)
    # The window may begin on the day before, of which there has to be a chunk as well.
    fleet.report("d002", "p", as_of - HOUR + MINUTE)
    sync(as_of, window_minutes)
    fleet.switch_off("d000")
    fleet.rename_device("d001", "New name")
    fleet.add_device("new")
    fleet.report("new", "p", as_of - MINUTE)
    with sent_until_committed(engine) as sent:
        run = sync(as_of, window_minutes)
    assert run.status is RunStatus.SUCCEEDED
    assert (run.deltas.added, run.deltas.removed, run.deltas.renamed) == (1, 1, 1)
    assert 0 < len(sent) <= most, sent


def test_a_connection_that_was_just_used_is_not_asked_whether_it_is_there(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    pings: list[object] = []
    ping = engine.dialect.do_ping

    def counted(driver: Any) -> bool:
        pings.append(driver)
        return ping(driver)

    monkeypatch.setattr(engine.dialect, "do_ping", counted)
    for _ in range(3):
        with transaction(engine, Deadline.after(60)):
            pass
    pings.clear()
    with transaction(engine, Deadline.after(60)):
        pass
    assert pings == []
    monkeypatch.setattr("chalicelib.database.engine._JUST_USED_SECONDS", 0.0)
    with transaction(engine, Deadline.after(60)):
        pass
    assert len(pings) == 1


def test_what_is_left_to_compare_is_compared_after_the_commit(
    migrated: Sandbox,
    fleet: Fleet,
    sync: SyncRunner,
    engine: Engine,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """One hour before the commit, whatever time there is; the others need no one to wait."""
    monkeypatch.setattr(self_check, "AT_LEAST_SECONDS", 60)
    monkeypatch.setattr(self_check, "SHARE_BEFORE_COMMIT", 0)
    fleet.add_device("d")
    fleet.add_parameter("p")
    fleet.report("d", "p", *(migrated.now() - number * HOUR for number in range(1, 6)))
    with sent_until_committed(engine) as sent:
        sync(window_minutes=24 * 60, evidence_source=EvidenceSource.AGGREGATE)
    compared = [one for one in sent if "measured.last_seen_at AS measured_at" in one]
    assert len(compared) == 1
