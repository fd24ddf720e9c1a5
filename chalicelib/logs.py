"""Structured logs: one JSON object a line in Lambda, plain lines on a terminal.

Modules log with the standard library: a stable event name as the message, facts in `extra`.
Only the edge decides what a line looks like.
"""

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from chalicelib.text import shown

SERVICE = "device-parameters"

_facts: ContextVar[dict[str, Any]] = ContextVar("facts", default={})  # noqa: B039 never mutated


@contextmanager
def facts(**shared: Any) -> Iterator[None]:
    """Give every line that is logged in this context these facts besides its own."""
    token = _facts.set({**_facts.get(), **shared})
    try:
        yield
    finally:
        _facts.reset(token)


def configure_json(level: str) -> None:
    """Lambda and `chalice local`: what CloudWatch Logs Insights can query."""
    # Powertools costs a terminal command its start-up time for nothing.
    from aws_lambda_powertools.logging.formatter import LambdaPowertoolsFormatter

    formatter = LambdaPowertoolsFormatter(service=SERVICE, utc=True)
    _install(logging.StreamHandler(sys.stdout), formatter, level)


def configure_plain(level: str) -> None:
    """The command line: standard output belongs to the command's own result."""
    formatter = _PlainFormatter("%(levelname)s %(name)s %(message)s")
    _install(logging.StreamHandler(sys.stderr), formatter, level)


class _PlainFormatter(logging.Formatter):
    """Lines for a terminal, which messages and stack traces cannot control."""

    def format(self, record: logging.LogRecord) -> str:
        return "\n".join(map(shown, super().format(record).split("\n")))


def _with_facts(record: logging.LogRecord) -> bool:
    for name, fact in _facts.get().items():
        if not hasattr(record, name):
            setattr(record, name, fact)
    return True


def _install(handler: logging.Handler, formatter: logging.Formatter, level: str) -> None:
    handler.setFormatter(formatter)
    handler.addFilter(_with_facts)
    root = logging.getLogger()
    # Lambda's runtime installs a handler of its own; two would write every line twice.
    root.handlers = [handler]
    root.setLevel(logging.WARNING)
    logging.getLogger("chalicelib").setLevel(level)
