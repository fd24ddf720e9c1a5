"""Migrations as a Lambda function: what may be asked of it, and what it answers."""

import logging
from typing import Any

import pytest
from alembic.script import ScriptDirectory

from app import migrate
from chalicelib.database.schema import head_revision
from chalicelib.errors import DatabaseUnavailableError, InvalidRequestError, MigrationError
from tests.migrations.conftest import Migrator
from tests.sandbox import Sandbox, alembic_config

_SCRIPTS = ScriptDirectory.from_config(alembic_config())
HEAD = head_revision()
REVISIONS = [script.revision for script in _SCRIPTS.walk_revisions()][::-1]
FIRST, SECOND, THIRD = REVISIONS[:3]


def invoke(payload: object) -> dict[str, Any]:
    answer: dict[str, Any] = migrate(payload, None)
    return answer


def test_nothing_asked_for_is_head(migrator: Migrator) -> None:
    assert invoke({}) == {"from": None, "to": HEAD, "applied": REVISIONS}
    assert invoke({}) == {"from": HEAD, "to": HEAD, "applied": []}


def test_a_revision_may_be_named_on_the_way_up_and_down(migrator: Migrator) -> None:
    assert invoke({"revision": THIRD})["applied"] == REVISIONS[:3]
    assert invoke({"command": "current"}) == {
        "from": THIRD,
        "to": THIRD,
        "applied": [],
    }
    down = invoke({"command": "downgrade", "revision": FIRST})
    assert down["applied"] == [THIRD, SECOND], "taken back, the newest first"
    assert invoke({"command": "downgrade", "revision": "base"})["to"] is None


@pytest.mark.parametrize(
    ("payload", "sentence"),
    [
        ([], "must be a JSON object"),
        ({"sql": "DROP TABLE x"}, "unknown field 'sql'"),
        ({"command": "stamp"}, "command must be one of current, upgrade, downgrade, repair"),
        ({"command": 1}, "command must be one of"),
        ({"command": "downgrade"}, "a downgrade must name its revision"),
        ({"command": "current", "revision": "head"}, "current takes no revision"),
        ({"command": "repair", "revision": "head"}, "repair takes no revision"),
        ({"revision": 20261121}, "revision must be the name of a revision"),
        ({"revision": ""}, "revision must be the name of a revision"),
    ],
)
def test_what_cannot_be_asked_is_named(migrated: Sandbox, payload: object, sentence: str) -> None:
    with pytest.raises(InvalidRequestError, match=sentence):
        invoke(payload)
    assert invoke({"command": "current"})["to"] == HEAD


def test_an_unknown_revision_is_refused_in_alembics_words(migrated: Sandbox) -> None:
    with pytest.raises(MigrationError, match="Can't locate revision identified by 'tomorrow'"):
        invoke({"revision": "tomorrow"})


def test_a_database_that_is_not_ready_is_refused_in_the_checks_words(
    sources: Sandbox, migrator: Migrator
) -> None:
    sources.rows("DROP TABLE iot_data.redshift_devices")
    with pytest.raises(MigrationError, match=r"source tables are missing: iot_data\.redshift_dev"):
        invoke({})


def test_what_was_applied_before_a_failure_is_named(sources: Sandbox, migrator: Migrator) -> None:
    # The checks look for tables of our names, and not for indexes.
    sources.rows("CREATE TABLE iot_data.idx_sync_runs_status (in_the_way text)")
    with pytest.raises(MigrationError, match=rf"\(applied before: {FIRST}, {SECOND}\)"):
        invoke({})
    assert invoke({"command": "current"})["to"] == SECOND


def test_a_database_that_does_not_answer_is_an_error(
    migrated: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TIMESCALE_DB_PORT", "1")
    with pytest.raises(DatabaseUnavailableError, match="port 1"):
        invoke({})


def test_the_log_is_the_applications_own(
    migrator: Migrator, caplog: pytest.LogCaptureFixture
) -> None:
    """alembic.ini's logging is for a terminal, and would break the JSON of Lambda's log."""
    handlers = list(logging.getLogger().handlers)
    with caplog.at_level("INFO", logger="chalicelib"):
        invoke({})
    assert logging.getLogger().handlers == handlers
    assert [record.message for record in caplog.records] == [
        *["revision_applied"] * len(REVISIONS),
        "migrated",
    ]
