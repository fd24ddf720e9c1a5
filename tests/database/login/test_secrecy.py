"""The password is nowhere to be read: not in a log, an error, an answer, or a `repr`."""

import json
import logging
import traceback
from typing import Any

import pytest
from alembic import command
from chalice.test import Client
from click.testing import CliRunner

from app import app
from chalicelib.database import engine_for
from chalicelib.database.login import SecretLogin
from chalicelib.errors import ApplicationError
from cli import cli
from tests.database.login.conftest import PASSWORD, Account
from tests.sandbox import Sandbox, alembic_config
from tests.test_cli import _logging

__all__ = ["_logging"]


def get(path: str) -> tuple[int, Any]:
    with Client(app) as client:
        response = client.http.get(path)
        return response.status_code, response.json_body


def test_no_repr_shows_it(account: Account) -> None:
    account.connect()
    secret = SecretLogin(account.configured.database)
    shown = [secret, secret.current(), account.configured, account.engine, account.engine.url]
    assert account.door.user in repr(shown)
    assert PASSWORD not in repr(shown)
    assert PASSWORD not in account.engine.url.render_as_string(hide_password=False)


def test_no_log_shows_it_however_much_is_logged(
    account: Account, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        account.sync()
    assert "database_login_fetched" in caplog.messages
    assert any(record.name.startswith("botocore") for record in caplog.records)
    assert not [record for record in caplog.records if PASSWORD in str(vars(record))]


@pytest.mark.parametrize("new", [None, "s3cr3t-the-second"])
def test_no_error_shows_it_nor_what_caused_it(refused: Account, new: str | None) -> None:
    with pytest.raises(ApplicationError):
        refused.connect()
    if new:
        refused.change_secret(new)
    with pytest.raises(ApplicationError) as caught:
        refused.connect()
    told = "".join(traceback.format_exception(caught.value))
    assert "authentication failed" in told
    assert "s3cr3t" not in told


def test_no_answer_shows_it(refused: Account, caplog: pytest.LogCaptureFixture) -> None:
    for path in ("/status", "/health"):
        status, body = get(path)
        assert status == 503
        assert "s3cr3t" not in json.dumps(body) + caplog.text
    assert "authentication failed" in caplog.records[-1].reason  # type: ignore[attr-defined]


def test_the_status_is_told_as_ever(account: Account) -> None:
    account.sync()
    status, body = get("/status")
    assert (status, body["state"]) == (200, "ok")
    result = CliRunner().invoke(cli, ["status", "--json"])
    assert result.exit_code == 0
    assert json.loads(result.stdout)["last_run"] == body["last_run"]
    assert "s3cr3t" not in result.output + json.dumps(body)
    assert account.secrets.reads == 1


def test_a_secret_without_sense_is_a_setting_without_sense(account: Account) -> None:
    account.secrets.change(account.arn, "s3cr3t-but-no-json")
    result = CliRunner().invoke(cli, ["sync"])
    assert result.exit_code == 2
    assert result.stderr == (
        "INVALID_SETTING: TIMESCALE_DB_SECRET_ARN names a secret that is no JSON object\n"
    )
    status, body = get("/status")
    assert (status, body["error"]["code"]) == (500, "INVALID_SETTING")
    assert "is no JSON object" in body["error"]["message"]
    assert "s3cr3t" not in json.dumps(body)


def test_migrations_log_in_with_it(account: Account, migrated: Sandbox) -> None:
    migrated.expect_rebuild()
    command.downgrade(alembic_config(), "base")
    command.upgrade(alembic_config(), "head")
    assert account.secrets.reads == 1
    engine_for(account.configured.database).dispose()
