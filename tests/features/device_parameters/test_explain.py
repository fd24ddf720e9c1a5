"""Why is this pair here, or absent? One sentence, for every way it can be."""

from datetime import timedelta
from typing import Any
from urllib.parse import quote

import pytest

from tests.conftest import SyncRunner
from tests.features.device_parameters.test_routes import HOUR, MINUTE, get
from tests.fleet import Fleet
from tests.sandbox import Sandbox


def explained(device: str = "d", parameter: str = "p") -> dict[str, Any]:
    status, body = get(f"/device-parameters/{quote(device, safe='')}/{quote(parameter, safe='')}")
    assert status == 200, body
    answer: dict[str, Any] = body
    return answer


@pytest.fixture
def pair(migrated: Sandbox, fleet: Fleet, sync: SyncRunner) -> Fleet:
    """d/p, measured a moment ago, and in the table."""
    fleet.add_device("d", "Door")
    fleet.add_parameter("p", "Power")
    fleet.report("d", "p", migrated.now() - MINUTE)
    sync()
    return fleet


def test_a_pair_that_is_present_and_observed(migrated: Sandbox, pair: Fleet) -> None:
    answer = explained()
    assert (answer["present"], answer["observed"]) == (True, True)
    assert answer["device"] == {"known": True, "name": "Door", "status": True}
    assert answer["parameter"] == {"known": True, "name": "Power"}
    assert answer["window"]["minutes"] == 60
    assert [(change["run_id"], change["change"]) for change in answer["changes"]] == [(1, "added")]
    assert answer["explanation"] == (
        f"The pair is in the table because it was last measured at {answer['last_seen_at']}, "
        "inside the window."
    )


def test_a_pair_nobody_has_heard_of(migrated: Sandbox) -> None:
    answer = explained("no/such ünit", "x%y")
    assert (answer["device_id"], answer["parameter_id"]) == ("no/such ünit", "x%y")
    assert (answer["present"], answer["observed"], answer["last_seen_at"]) == (False, False, None)
    assert answer["changes"] == []
    assert answer["explanation"] == (
        "The pair is not in the table because the master data has no such device."
    )


def test_an_observed_pair_that_no_run_has_seen_yet(migrated: Sandbox, pair: Fleet) -> None:
    pair.add_parameter("new", "New")
    pair.report("d", "new", migrated.now() - MINUTE)
    assert explained("d", "new")["observed"] is True
    assert explained("d", "new")["explanation"].endswith("the next run will add it.")


@pytest.mark.parametrize(
    ("happening", "reason"),
    [
        (lambda fleet: fleet.switch_off("d"), "the device is not active"),
        (lambda fleet: fleet.add_device("d", None, status=None), "the device is not active"),
        (lambda fleet: fleet.remove_device("d"), "the master data has no such device"),
        (lambda fleet: fleet.remove_parameter("p"), "the dictionary has no such parameter"),
        (lambda fleet: fleet.withdraw("d", "p"), "it has never been measured"),
    ],
)
def test_a_pair_that_the_next_run_will_remove(
    pair: Fleet, sync: SyncRunner, happening: Any, reason: str
) -> None:
    happening(pair)
    assert explained()["explanation"] == (
        f"The pair is still in the table although {reason}: the next run will remove it."
    )
    sync()
    after = explained()
    assert after["explanation"] == f"The pair is not in the table because {reason}."
    assert [change["change"] for change in after["changes"]] == ["removed", "added"]


def test_a_pair_whose_window_has_passed(migrated: Sandbox, pair: Fleet, sync: SyncRunner) -> None:
    pair.withdraw("d", "p")
    pair.report("d", "p", migrated.now() - 3 * HOUR)
    sync(window_minutes=240)
    answer = explained()
    assert answer["observed"] is False
    assert "before the window that opened at" in answer["explanation"]
    assert answer["last_seen_at"] in answer["explanation"]


def test_a_removal_that_the_guard_holds(migrated: Sandbox, pair: Fleet, sync: SyncRunner) -> None:
    pair.withdraw("d", "p")
    sync(removal_guard_min_pairs=1)
    assert explained()["explanation"].endswith(
        "the guard holds its removal until it is measured again, or somebody releases it."
    )


NO_CANDIDATES: dict[str, Any] = {"devices": [], "parameters": []}


def test_an_id_has_no_candidates_even_where_something_is_named_so(pair: Fleet) -> None:
    pair.add_device("e", "d")
    pair.add_parameter("q", "p")
    assert explained()["candidates"] == NO_CANDIDATES
    assert explained("nobody", "nothing")["candidates"] == NO_CANDIDATES


@pytest.mark.parametrize(
    ("device", "parameter", "who"),
    [
        ("Door", "p", "The device was"),
        ("d", "POWER", "The parameter was"),
        ("door", "Power", "The device and the parameter were"),
    ],
)
def test_a_name_in_place_of_an_id_is_told_as_such(
    pair: Fleet, device: str, parameter: str, who: str
) -> None:
    answer = explained(device, parameter)
    assert answer["explanation"] == (
        f"{who} asked for by name, not by id: the candidates have that name."
    )
    assert answer["candidates"] == {
        "devices": [] if device == "d" else [{"id": "d", "name": "Door"}],
        "parameters": [] if parameter == "p" else [{"id": "p", "name": "Power"}],
    }


def test_candidates_with_exactly_that_name_come_first_and_there_are_ten_at_most(
    pair: Fleet,
) -> None:
    for number in range(12):
        pair.add_device(f"a{number:02}", "DOOR")
    found = explained("Door")["candidates"]["devices"]
    assert found[0] == {"id": "d", "name": "Door"}
    assert [device["id"] for device in found[1:]] == [f"a{number:02}" for number in range(9)]


def test_what_has_no_name_is_named_by_its_id(pair: Fleet) -> None:
    pair.add_device("X-1", None)
    assert explained("x-1")["candidates"]["devices"] == [{"id": "X-1", "name": "X-1"}]


def test_a_pair_that_is_present_is_explained_even_where_a_name_is_like_its_id(
    pair: Fleet,
) -> None:
    pair.remove_device("d")
    pair.add_device("e", "d")
    answer = explained()
    assert answer["explanation"].startswith("The pair is still in the table although")
    assert answer["candidates"]["devices"] == [{"id": "e", "name": "d"}]


def test_a_reading_from_the_future_is_no_evidence(migrated: Sandbox, pair: Fleet) -> None:
    pair.withdraw("d", "p")
    pair.report("d", "p", migrated.now() + timedelta(days=1))
    assert explained()["last_seen_at"] is None
