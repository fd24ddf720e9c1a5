"""What `chalice package` would deploy."""

import re
from typing import Any

import app as module
from app import app
from chalicelib import settings


def test_every_handler_is_imported_through_app() -> None:
    """Elsewhere Lambda would import it without app.py, and so without the logging set up there."""
    deployed: list[Any] = [
        *app.pure_lambda_functions,
        *app.event_sources,
        *app.builtin_auth_handlers,
    ]
    handlers = [function.handler_string for function in deployed]
    assert "app.sync_device_parameters" in handlers
    assert [handler for handler in handlers if not re.fullmatch(r"app\.\w+", handler)] == []


def test_a_handler_is_what_lambda_finds_under_its_name() -> None:
    for source in app.event_sources:
        assert callable(getattr(module, source.handler_string.removeprefix("app.")))


def test_the_schedule_is_the_configured_one() -> None:
    schedules = {
        source.name: vars(source).get("schedule_expression") for source in app.event_sources
    }
    assert schedules["sync_device_parameters"] == settings.sync_schedule()
