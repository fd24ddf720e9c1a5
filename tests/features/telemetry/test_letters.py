"""What is refused reaches the queue of dead letters, at least once, and never before it is kept."""

import json
import re
from typing import Any

import pytest
from sqlalchemy import Engine

from chalicelib.database import Deadline
from chalicelib.features.telemetry import letters as sending
from chalicelib.features.telemetry.arriving import from_kinesis, from_payload
from chalicelib.features.telemetry.model import Way
from chalicelib.features.telemetry.tidy import tidy
from tests.features.telemetry.dead_letters import (
    Letters,
    due_count,
    letters,
    make_due,
    refusing,
)
from tests.features.telemetry.killed_batch import QUERIES
from tests.features.telemetry.sending import Sender, kinesis_event
from tests.interruption import interrupted_at

__all__ = ["letters"]
# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessageBatch.html
_NOT_ALLOWED = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_MOST_BYTES = 262_144


class PowerFailureError(Exception):
    """Nobody catches it."""


@pytest.fixture
def told(sender: Sender, letters: Letters) -> Sender:
    """Devices, and a queue that is told of what is refused."""
    sender.letter_queue = letters.url
    return sender


def tidy_now(sender: Sender) -> None:
    """What the schedule does."""
    tidy(sender.ingestion(Way.REPLAY), retention_days=30)


def wrong(sender: Sender, count: int = 1) -> list[dict[str, Any]]:
    """Records that are refused, each with a value of its own."""
    at = sender.ago(minutes=1)
    return [
        {"deviceId": "dev-a", "timestamp": at, "data": {"humidity": f"wrong {number}"}}
        for number in range(count)
    ]


def test_what_is_refused_reaches_the_queue(told: Sender, letters: Letters) -> None:
    [record] = wrong(told)
    told.take(from_kinesis(kinesis_event(record)), Way.KINESIS)
    [letter] = letters.read()
    assert json.loads(letter["payload"]) == record
    assert {name: letter[name] for name in ("device_id", "organization_id", "metric", "way")} == {
        "device_id": "dev-a",
        "organization_id": "org-1",
        "metric": "humidity",
        "way": "kinesis",
    }
    assert (letter["reason"], letter["is_cut"]) == ("wrong_type", False)
    assert "humidity must be a number" in letter["message"]
    assert due_count(told.sandbox) == 0
    tidy_now(told)
    assert letters.read() == []


def test_it_is_told_once_however_often_it_comes(told: Sender, letters: Letters) -> None:
    records = wrong(told)
    for _ in range(3):
        told.send(*records)
    assert len(letters.read()) == 1


def test_what_is_set_apart_is_nobody_s_letter(told: Sender, letters: Letters) -> None:
    told.report("dev-unknown", told.ago(minutes=1), humidity=1)
    told.report("dev-a", told.ago(minutes=-10), humidity=1)
    told.report("dev-a", told.ago(days=8), humidity=1)
    assert len(told.rejects()) == 3
    assert (letters.read(), due_count(told.sandbox)) == ([], 0)


def test_whoever_asks_over_http_does_not_wait_for_others(told: Sender, letters: Letters) -> None:
    told.take(from_payload(wrong(told)), Way.HTTP)
    assert letters.read() == []
    tidy_now(told)
    assert len(letters.read()) == 1


def test_without_a_queue_nothing_is_ever_due(sender: Sender) -> None:
    sender.send(*wrong(sender))
    assert due_count(sender.sandbox) == 0


def test_many_are_told_in_requests_of_ten(told: Sender, letters: Letters) -> None:
    with refusing(lambda _: False) as sizes:
        told.send(*wrong(told, 25))
    assert sizes == [10, 10, 5]
    assert len({letter["reject_id"] for letter in letters.read()}) == 25


def test_while_the_queue_is_away_readings_are_stored_and_letters_wait(
    told: Sender, letters: Letters
) -> None:
    letters.remove()
    outcome = told.send(*wrong(told, 3), {**wrong(told)[0], "data": {"humidity": 1}})
    assert (outcome.stored, due_count(told.sandbox)) == (1, 3)
    # They are somebody's for a minute.
    tidy_now(told)
    assert letters.make() == letters.url
    tidy_now(told)
    assert letters.read() == []
    make_due(told.sandbox)
    tidy_now(told)
    assert (len(letters.read()), due_count(told.sandbox)) == (3, 0)


def test_letters_that_are_refused_keep_no_others_from_being_told(
    told: Sender, letters: Letters
) -> None:
    def is_bad(entry: dict[str, str]) -> bool:
        return "wrong 1" in entry["MessageBody"]

    with refusing(is_bad):
        # 1 and 10 to 19 are refused: more than a request holds.
        told.send(*wrong(told, 25))
        for _ in range(3):
            make_due(told.sandbox)
            tidy_now(told)
    assert len({letter["reject_id"] for letter in letters.read()}) == 14
    assert due_count(told.sandbox) == 11
    make_due(told.sandbox)
    tidy_now(told)
    assert len(letters.read()) == 11


@pytest.mark.parametrize(
    "boundary", ["committed:claim_letters", "before:forget_letters", "after:forget_letters"]
)
def test_a_process_that_dies_between_tells_at_least_once(
    told: Sender, letters: Letters, engine: Engine, boundary: str
) -> None:
    def fail() -> None:
        raise PowerFailureError

    with interrupted_at(QUERIES, boundary, fail), pytest.raises(PowerFailureError):
        told.send(*wrong(told, 3))
    assert len(told.rejects()) == 3
    make_due(told.sandbox)
    sending.send_due(engine, Deadline.after(30), letters.url)
    heard = [letter["reject_id"] for letter in letters.read()]
    assert len(set(heard)) == 3
    assert len(heard) == (3 if boundary.startswith("committed") else 6)
    assert due_count(told.sandbox) == 0


def test_what_is_not_committed_is_not_told(told: Sender, letters: Letters) -> None:
    def fail() -> None:
        raise PowerFailureError

    with interrupted_at(QUERIES, "after:keep_rejects", fail), pytest.raises(PowerFailureError):
        told.send(*wrong(told))
    assert letters.read() == []


@pytest.mark.parametrize(
    "text", ["\x01" * 4000, "\ufffe\uffff", "\x7f", "☃" * 1300, "\\" * 4000, "\U0001f321\0"]
)
def test_ten_letters_of_any_text_are_a_request_that_the_queue_takes(
    told: Sender, text: str
) -> None:
    at = told.ago(minutes=1)
    records = [
        {"deviceId": "dev-a", "timestamp": at, "data": {f"m{number}": text}} for number in range(10)
    ]
    bodies: list[str] = []

    def note(entry: dict[str, str]) -> bool:
        bodies.append(entry["MessageBody"])
        return False

    with refusing(note):
        told.send(*records)
    bodies = sorted(set(bodies))
    assert len(bodies) == 10
    assert sum(len(body.encode()) for body in bodies) <= _MOST_BYTES
    assert [body for body in bodies if _NOT_ALLOWED.search(body)] == []
