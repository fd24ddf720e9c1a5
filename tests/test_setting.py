"""Declaring an environment variable: what is set, what is not, and what a mistake is called."""

import pytest

from chalicelib.errors import InvalidSettingError
from chalicelib.setting import Setting, matching, one_of, schedule_expression, whole

NEEDED = Setting("SIZE", whole(1, 10), "How big it is.")
DEFAULTED = Setting("SIZE", whole(1, 10), "How big it is.", default="5")
RENAMED = Setting("SIZE", whole(1, 10), "How big it is.", default="5", former_name="BIGNESS")


def problem_with(setting: Setting[int], **environ: str) -> InvalidSettingError:
    with pytest.raises(InvalidSettingError) as caught:
        setting.value(environ)
    return caught.value


@pytest.mark.parametrize("environ", [{}, {"SIZE": ""}])
def test_what_is_not_set_is_its_default_or_named(environ: dict[str, str]) -> None:
    assert DEFAULTED.value(environ) == 5
    error = problem_with(NEEDED, **environ)
    assert (error.message, error.details) == ("SIZE is not set", {"variable": "SIZE"})


def test_what_is_set_is_read_as_it_was_declared() -> None:
    assert NEEDED.value({"SIZE": "7"}) == DEFAULTED.value({"SIZE": "7"}) == 7


def test_whoever_asks_whether_it_is_set_gets_none_where_it_is_not() -> None:
    assert NEEDED.value_if_set({}) is None
    assert NEEDED.value_if_set({"SIZE": "7"}) == 7
    assert DEFAULTED.value_if_set({}) == 5
    with pytest.raises(InvalidSettingError, match="SIZE must be a whole number"):
        NEEDED.value_if_set({"SIZE": "huge"})


def test_the_environment_of_the_process_is_asked_where_no_other_is_given(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SIZE", "7")
    assert NEEDED.value() == NEEDED.value_if_set() == 7


def test_a_former_name_counts_until_the_new_one_is_set() -> None:
    assert RENAMED.value({"BIGNESS": "7"}) == RENAMED.value({"BIGNESS": "7", "SIZE": ""}) == 7
    assert RENAMED.value_if_set({"BIGNESS": "7"}) == 7
    assert RENAMED.value({"BIGNESS": "7", "SIZE": "3"}) == 3
    assert RENAMED.value({"BIGNESS": ""}) == 5


def test_a_mistake_is_named_by_the_variable_that_was_set() -> None:
    assert problem_with(RENAMED, BIGNESS="huge").details == {"variable": "BIGNESS"}
    assert problem_with(RENAMED, SIZE="huge", BIGNESS="7").details == {"variable": "SIZE"}


@pytest.mark.parametrize(
    "text",
    ["0", "11", "-1", "1.5", "1e1", "+5", " 5", "5\n", "\N{ARABIC-INDIC DIGIT FIVE}", "9" * 5000],
)
def test_what_is_no_whole_number_in_bounds_is_shown_in_a_short_sentence(text: str) -> None:
    sentence = problem_with(NEEDED, SIZE=text).message
    assert sentence.startswith("SIZE must be a whole number from 1 to 10, not ")
    assert "\n" not in sentence
    assert len(sentence) < 100


def test_a_choice_is_one_of_exactly_these() -> None:
    colour = Setting("COLOUR", one_of("red", "blue"), "Its colour.", default="red")
    assert colour.value({"COLOUR": "blue"}) == "blue"
    for text in ("Red", " red", "green", "x" * 5000):
        with pytest.raises(InvalidSettingError, match="COLOUR must be one of red, blue, not") as e:
            colour.value({"COLOUR": text})
        assert len(e.value.message) < 100


def test_a_pattern_matches_the_whole_text() -> None:
    name = Setting("NAME", matching("[a-z]+", "a lower-case word"), "Its name.")
    assert name.value({"NAME": "ball"}) == "ball"
    for text in ("Ball", "ball ", "ball\n", "x!" * 5000):
        with pytest.raises(InvalidSettingError, match="NAME must be a lower-case word, not") as e:
            name.value({"NAME": text})
        assert len(e.value.message) < 150


@pytest.mark.parametrize("text", ["cron(5 * * * ? *)", "rate(5 minutes)"])
def test_a_schedule_is_as_eventbridge_writes_it(text: str) -> None:
    assert schedule_expression(text) == text


@pytest.mark.parametrize("text", ["5 * * * *", "cron()", "rate(1 hour) ", "at(2026-11-01)"])
def test_any_other_schedule_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="must be an EventBridge"):
        schedule_expression(text)
