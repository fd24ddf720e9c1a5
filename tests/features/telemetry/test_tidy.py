"""Old rejects are forgotten after the days that are configured, batch by batch."""

from typing import Any

import pytest

from chalicelib.features.telemetry import tidy as tidying
from chalicelib.features.telemetry.invocations import tidy_telemetry
from chalicelib.features.telemetry.model import Way
from tests.features.telemetry.killed_batch import QUERIES
from tests.features.telemetry.sending import Sender
from tests.interruption import interrupted_at

DAYS = 30


def add_rejects(sender: Sender, prefix: str, count: int, days: float) -> None:
    """Rejects that came so many days ago."""
    sender.sandbox.rows(
        "INSERT INTO iot_data.telemetry_rejects (reject_id, reason, message, way, payload, is_cut, "
        "is_quarantined, rejected_at) SELECT %s || n, 'no_time', 'm', 'rule', '{}', false, false, "
        "now() - %s * interval '1 day' FROM generate_series(1, %s) AS n",
        [prefix, days, count],
    )


def tidy(sender: Sender) -> Any:
    return tidying.tidy(sender.ingestion(Way.REPLAY), retention_days=DAYS)


def test_what_is_older_is_forgotten_and_nothing_else(sender: Sender) -> None:
    add_rejects(sender, "old-", 3, DAYS + 0.001)
    add_rejects(sender, "new-", 2, DAYS - 0.001)
    assert tidy(sender).forgotten == 3
    rows = sender.sandbox.rows("SELECT reject_id FROM iot_data.telemetry_rejects ORDER BY 1")
    assert rows == [("new-1",), ("new-2",)]
    assert tidy(sender).forgotten == 0


def test_an_organization_with_too_many_loses_its_oldest_and_no_other_any(
    sender: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tidying, "MOST_OF_AN_ORGANIZATION", 3)
    monkeypatch.setattr(tidying, "BATCH", 2)
    for number in range(6):
        add_rejects(sender, f"one-{number}-", 1, 6 - number)
        add_rejects(sender, f"nobodys-{number}-", 1, 6 - number)
    sender.sandbox.rows(
        "UPDATE iot_data.telemetry_rejects SET organization_id = 'org-1' "
        "WHERE reject_id LIKE 'one-%'"
    )
    add_rejects(sender, "two-", 3, 20)
    sender.sandbox.rows(
        "UPDATE iot_data.telemetry_rejects SET organization_id = 'org-2' "
        "WHERE reject_id LIKE 'two-%'"
    )
    assert tidy(sender).forgotten == 6
    rows = sender.sandbox.rows("SELECT reject_id FROM iot_data.telemetry_rejects ORDER BY 1")
    assert [reject_id for [reject_id] in rows] == [
        *(f"nobodys-{number}-1" for number in (3, 4, 5)),
        *(f"one-{number}-1" for number in (3, 4, 5)),
        *(f"two-{number}" for number in (1, 2, 3)),
    ]


def test_many_are_forgotten_in_batches_and_the_rest_the_next_time(
    sender: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tidying, "BATCH", 10)
    monkeypatch.setattr(tidying, "MOST_BATCHES", 3)
    add_rejects(sender, "old-", 45, DAYS + 1)
    assert [tidy(sender).forgotten for _ in range(3)] == [30, 15, 0]


def test_a_batch_that_is_lost_is_forgotten_later(
    sender: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    class PowerFailureError(Exception):
        """Nobody catches it."""

    def fail() -> None:
        raise PowerFailureError

    add_rejects(sender, "old-", 5, DAYS + 1)
    with interrupted_at(QUERIES, "after:prune_rejects", fail), pytest.raises(PowerFailureError):
        tidy(sender)
    assert len(sender.rejects()) == 5
    assert tidy(sender).forgotten == 5


def test_the_days_are_configured(sender: Sender, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TELEMETRY_REJECT_RETENTION_DAYS", "2")
    add_rejects(sender, "old-", 1, 3)
    add_rejects(sender, "new-", 1, 1)
    assert tidy_telemetry(None) == {"forgotten": 1, "pending_event_count": None}


def test_readings_are_nobody_s_rejects(sender: Sender) -> None:
    sender.report("dev-a", sender.ago(days=6), humidity=1)
    assert (tidy(sender).forgotten, len(sender.stored())) == (0, 1)
