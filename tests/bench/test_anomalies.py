"""How well marks meet labels, and what is said where the labels are not there."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from bench.anomalies.__main__ import main
from bench.anomalies.labelled import Score, Series, load, scored

MINUTE, HOUR = 60.0, 3600.0
WINDOW = (10 * MINUTE, 20 * MINUTE)


def series(*instants: float) -> Series:
    return Series("a", [(at, 1.0) for at in instants], [WINDOW])


def score(one: Series, *marked: bool) -> Score:
    return scored(one, lambda _: list(marked))


def test_a_window_is_found_when_an_alarm_begins_in_it() -> None:
    found = score(series(0, 10 * MINUTE, 20 * MINUTE, 3 * HOUR), False, True, False, False)
    assert found == Score(windows=1, found=1, false=0, points=2, points_found=1, points_false=0)


def test_an_alarm_that_began_before_does_not_find_it() -> None:
    found = score(series(5 * MINUTE, 15 * MINUTE), True, True)
    assert (found.found, found.false) == (0, 1)


@pytest.mark.parametrize(("pause", "false"), [(HOUR, 1), (HOUR + 1, 2)])
def test_marks_within_an_hour_are_one_alarm(pause: float, false: int) -> None:
    found = score(series(2 * HOUR, 2 * HOUR + pause), True, True)
    assert (found.false, found.points_false) == (false, 2)


def test_scores_of_series_add_up() -> None:
    assert Score(1, 1, 2, 3, 2, 1) + Score(2, 0, 1, 4, 0, 3) == Score(3, 1, 3, 7, 2, 4)


def test_series_are_read_with_their_labels(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("timestamp,value\n1970-01-01 00:01:00,2.5\n")
    labels = {"a.csv": [["1970-01-01 00:00:00.000000", "1970-01-01 01:00:00.000000"]]}
    (tmp_path / "windows.json").write_text(json.dumps(labels))
    assert load(tmp_path) == [Series("a", [(60.0, 2.5)], [(0.0, 3600.0)])]


def test_it_says_what_is_missing_where_the_series_are_not(tmp_path: Path) -> None:
    answer = CliRunner().invoke(main, [str(tmp_path / "nowhere")])
    assert answer.exit_code == 2
    assert "no windows.json in" in answer.output
