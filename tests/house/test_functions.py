"""Every function is declared once, and is a trigger of app.py under that name."""

import re
from typing import Any

import pytest

import app as module
from app import app
from chalicelib.feature import Function
from stack.declared import API, DECLARED, functions
from tests.package.packaged import function_names

FUNCTIONS = {function.name: function for function in functions(DECLARED)}
DEPLOYED: list[Any] = [
    *app.pure_lambda_functions,
    *app.event_sources,
    *app.builtin_auth_handlers,
]


def test_every_function_is_a_trigger_and_every_trigger_a_function() -> None:
    told = "app.py has the trigger, and `functions` of a feature.py the rest"
    assert sorted(FUNCTIONS) == function_names(), told


def test_every_handler_is_imported_through_app() -> None:
    """Elsewhere Lambda would import it without app.py, and so without the logging set up there."""
    handlers = [function.handler_string for function in DEPLOYED]
    assert len(handlers) == len(FUNCTIONS) - 1
    assert [handler for handler in handlers if not re.fullmatch(r"app\.\w+", handler)] == []


def test_a_handler_is_what_lambda_finds_under_its_name() -> None:
    for function in DEPLOYED:
        assert callable(getattr(module, function.handler_string.removeprefix("app.")))


def test_a_function_that_a_rule_invokes_says_how_it_is_tried_again() -> None:
    by_rules = {
        function.name
        for function in FUNCTIONS.values()
        if function.delivery and function.delivery.is_rule
    }
    assert by_rules == _triggered("schedule_expression") | _triggered("event_pattern")


def test_a_function_that_a_queue_feeds_has_a_queue_of_ours() -> None:
    assert {one.name for one in FUNCTIONS.values() if one.queue} == _triggered("queue")


def test_a_function_that_a_stream_feeds_has_a_stream_of_ours() -> None:
    assert {one.name for one in FUNCTIONS.values() if one.stream} == _triggered("stream")


def test_a_schedule_or_a_queue_or_a_stream_is_a_setting() -> None:
    """A stage may then have another schedule, and it has queues and streams of its own."""
    settings = {setting.default: setting for feature in DECLARED for setting in feature.settings}
    for source in app.event_sources:
        of_the_stage = vars(source).keys() & {"schedule_expression", "queue", "stream"}
        for name in of_the_stage:
            setting = settings.get(vars(source)[name])
            assert setting is not None, source.name
            is_of_stage = "{stage}" in str(setting.in_stage)
            assert name == "schedule_expression" or is_of_stage, source.name


@pytest.mark.parametrize("function", FUNCTIONS.values(), ids=lambda function: function.name)
def test_a_function_is_of_a_size_that_lambda_runs(function: Function) -> None:
    """128 MB, which Chalice would take unasked, are too little for the import of SQLAlchemy."""
    assert 256 <= function.memory_mb <= 10_240
    assert 1 <= function.timeout_s <= 900
    assert function.concurrency is None or function.concurrency > 0


def test_a_request_ends_before_api_gateway_gives_up() -> None:
    assert FUNCTIONS[API].timeout_s <= 29


@pytest.mark.parametrize("function", FUNCTIONS.values(), ids=lambda function: function.name)
def test_what_is_delivered_without_an_answer_is_tried_as_lambda_allows(function: Function) -> None:
    if delivery := function.delivery:
        assert 0 <= delivery.retries <= 2
        assert 60 <= delivery.max_age_s <= 6 * 3600


def _triggered(by: str) -> set[str]:
    return {source.name for source in app.event_sources if by in vars(source)}
