"""Which server each test gets, and one line about those for which there is none.

A test gets TimescaleDB. Marked `postgresql` it gets a server with several backends, which may be
plain PostgreSQL; marked `multi_backend` it needs a TimescaleDB with several backends.
"""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from chalicelib.database import engine_for
from tests import databases
from tests.databases import DatabaseChoice, scratch_database
from tests.plain import PlainSandbox
from tests.postgresql import REMEDY, find_programs, server
from tests.sandbox import Sandbox

CHOICE = pytest.StashKey[DatabaseChoice]()
PROGRAMS = pytest.StashKey[Path | None]()
_NO_TIMESCALE = f"they need a TimescaleDB with several backends: {databases.REMEDY}"
_NO_POSTGRESQL = f"they need a server with several backends: {REMEDY}"
_NOT_RUN = "not run"


def pytest_configure(config: pytest.Config) -> None:
    config.stash[CHOICE] = databases.choose()
    config.stash[PROGRAMS] = find_programs()


def pytest_report_header(config: pytest.Config) -> str:
    choice, programs = config.stash[CHOICE], config.stash[PROGRAMS]
    if choice.is_multi_backend or programs is None:
        return f"database: {choice.label}"
    return f"database: {choice.label}, and PostgreSQL ({programs}) for several sessions at once"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    for item in items:
        if reason := _lack(config, item):
            item.add_marker(pytest.mark.skip(reason=reason))


def _lack(config: pytest.Config, item: pytest.Item) -> str | None:
    if config.stash[CHOICE].is_multi_backend:
        return None
    if item.get_closest_marker("multi_backend"):
        return _NO_TIMESCALE
    is_served = config.stash[PROGRAMS] is not None or not item.get_closest_marker("postgresql")
    return None if is_served else _NO_POSTGRESQL


def pytest_report_teststatus(report: pytest.TestReport) -> tuple[str, str, str] | None:
    """Tests without a server are a kind of their own, which `-ra` does not list one by one."""
    return (_NOT_RUN, "s", "NOT RUN") if _lacking(report) else None


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    not_run = Counter(map(_lacking, terminalreporter.stats.get(_NOT_RUN, [])))
    for reason, count in not_run.items():
        terminalreporter.write_line(f"Tests that did not run: {count}; {reason}", yellow=True)


def _lacking(report: pytest.TestReport) -> str | None:
    """What a test was skipped for, if that is a server."""
    if not report.skipped or not isinstance(report.longrepr, tuple):
        return None
    reason = report.longrepr[2].removeprefix("Skipped: ")
    return reason if reason in (_NO_TIMESCALE, _NO_POSTGRESQL) else None


@pytest.fixture(scope="session")
def timescale(pytestconfig: pytest.Config) -> Iterator[Sandbox]:
    """TimescaleDB, in whatever state; for fixtures that serve more than one test."""
    choice = pytestconfig.stash[CHOICE]
    with choice.open() as url:
        yield from _usable(Sandbox(url, is_multi_backend=choice.is_multi_backend))


@pytest.fixture(scope="session")
def postgresql(request: pytest.FixtureRequest) -> Iterator[Sandbox]:
    """A server with several backends, likewise: PostgreSQL, unless TimescaleDB is one."""
    programs = request.config.stash[PROGRAMS]
    if request.config.stash[CHOICE].is_multi_backend:
        yield request.getfixturevalue("timescale")
    elif programs is None:
        pytest.skip(_NO_POSTGRESQL)
    else:
        with server(programs) as own, scratch_database(own, PlainSandbox.SET_UP) as url:
            yield from _usable(PlainSandbox(url, is_multi_backend=True))


def _usable(sandbox: Sandbox) -> Iterator[Sandbox]:
    try:
        yield sandbox
    finally:
        engine_for(sandbox.settings).dispose()
        sandbox.close()


@pytest.fixture
def database(request: pytest.FixtureRequest) -> Sandbox:
    """The test's database, in whatever state; ask for `sources` or `migrated` instead."""
    is_plain = request.node.get_closest_marker("postgresql") is not None
    sandbox: Sandbox = request.getfixturevalue("postgresql" if is_plain else "timescale")
    return sandbox
