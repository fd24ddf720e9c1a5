"""What a secret may hold, what may be wrong with it, and what the environment says beside it."""

import json
import os
from types import SimpleNamespace
from typing import Any

import pytest

from chalicelib.database import CONNECTION_ATTEMPTS, Deadline, retry
from chalicelib.database.login import Login, SecretLogin, login_from
from chalicelib.errors import DatabaseUnavailableError, InvalidSettingError
from chalicelib.settings import DatabaseSettings, database_from_environment
from tests.database.login.secrets_manager import SecretsManager

ARN = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:rds!db-1f0e-Ab12Cd"
SECRET = {
    **{"username": "sync", "password": "s3cr3t-pass", "engine": "postgres"},
    **{"host": "db.example", "port": 6543, "dbname": "platform", "dbInstanceIdentifier": "db-1"},
}
# RDS keeps no more than these in the secrets that it manages itself.
MANAGED = {"username": "sync", "password": "s3cr3t-pass"}
ELSEWHERE = {"TIMESCALE_DB_HOST": "proxy.example", "TIMESCALE_DB_NAME": "other"}


def settings(**environ: str) -> DatabaseSettings:
    return database_from_environment({"TIMESCALE_DB_SECRET_ARN": ARN, **environ})


def login(secret: dict[str, Any], **environ: str) -> Login:
    return login_from(json.dumps(secret), settings(**environ))


def problem_with(secret: object, **environ: str) -> str:
    """The sentence about *secret*, which must name the variable and show nothing of its content."""
    with pytest.raises(InvalidSettingError) as caught:
        login_from(secret, settings(**environ))
    assert caught.value.details == {"variable": "TIMESCALE_DB_SECRET_ARN"}
    assert caught.value.__context__ is None, "the decoder's error carries what it could not read"
    return caught.value.message.removeprefix("TIMESCALE_DB_SECRET_ARN names a secret ")


def test_a_secret_says_everything() -> None:
    assert login(SECRET) == Login("db.example", 6543, "platform", "sync", "s3cr3t-pass")


def test_the_environment_says_where_and_the_secret_who() -> None:
    expected = Login("proxy.example", 7777, "other", "sync", "s3cr3t-pass")
    assert login(SECRET, **ELSEWHERE, TIMESCALE_DB_PORT="7777") == expected
    assert login(MANAGED, **ELSEWHERE, TIMESCALE_DB_PORT="7777") == expected


def test_the_port_is_postgresqls_unless_somebody_says_otherwise() -> None:
    assert login(MANAGED, **ELSEWHERE).port == 5432
    assert login({**SECRET, "port": "6544"}).port == 6544


@pytest.mark.parametrize("unit", ["host", "dbname", "username", "password"])
@pytest.mark.parametrize("value", [None, "", 17, ["s3cr3t"], "s3cr3t\0"])
def test_what_is_missing_or_no_text_is_named(unit: str, value: object) -> None:
    problem = problem_with(json.dumps({**SECRET, unit: value}))
    assert problem.startswith(f"without a {unit}")
    assert "s3cr3t" not in problem


def test_what_the_environment_could_say_is_told() -> None:
    problem = problem_with(json.dumps(MANAGED))
    assert problem == "without a host, and TIMESCALE_DB_HOST is not set"
    problem = problem_with(json.dumps(MANAGED), TIMESCALE_DB_HOST="db.example")
    assert problem == "without a dbname, and TIMESCALE_DB_NAME is not set"


@pytest.mark.parametrize(
    "port", [-1, 65_536, 1.5, "s3cr3t", [1], True, "\N{FULLWIDTH DIGIT NINE}", 10**30]
)
def test_a_port_that_is_none_is_refused_and_not_shown(port: object) -> None:
    assert problem_with(json.dumps({**SECRET, "port": port})) == "whose port is no port"


@pytest.mark.parametrize(
    "secret", ["s3cr3t-pass", '"s3cr3t-pass"', "[1]", "null", "", "{", "[" * 100_000, None, b"{}"]
)
def test_what_is_no_json_object_is_refused_and_not_shown(secret: object) -> None:
    assert problem_with(secret) == "that is no JSON object"


def test_a_binary_secret_is_refused(secrets: SecretsManager) -> None:
    arn = secrets.keep_binary(json.dumps(SECRET).encode())
    secret = SecretLogin(settings(TIMESCALE_DB_SECRET_ARN=arn))
    with pytest.raises(InvalidSettingError, match="names a secret that is no JSON object"):
        secret.current()


def test_a_secret_is_read_in_its_own_region(
    secrets: SecretsManager, monkeypatch: pytest.MonkeyPatch
) -> None:
    arn = secrets.keep(SECRET)
    for elsewhere in ("AWS_DEFAULT_REGION", "AWS_REGION"):
        monkeypatch.setenv(elsewhere, "us-west-1")
    assert SecretLogin(settings(TIMESCALE_DB_SECRET_ARN=arn)).current().user == "sync"


@pytest.fixture
def naps(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """What `retry` would have slept."""
    slept: list[float] = []
    monkeypatch.setattr("tenacity.nap.time", SimpleNamespace(sleep=slept.append))
    return slept


def test_a_secret_that_does_not_exist_is_said_once(
    secrets: SecretsManager, naps: list[float]
) -> None:
    secret = SecretLogin(settings())
    with pytest.raises(InvalidSettingError, match="names a secret that does not exist"):
        retry(secret.current, Deadline.after(60))
    assert (secrets.reads, naps) == (1, [])


@pytest.mark.parametrize(
    ("status", "code", "words"),
    [
        ("400 Bad Request", "AccessDeniedException", "allow secretsmanager:GetSecretValue"),
        ("400 Bad Request", "InvalidRequestException", "cannot be read"),
        ("400 Bad Request", "DecryptionFailure", "cannot be read"),
        ("400 Bad Request", "UnrecognizedClientException", "cannot be read"),
    ],
)
def test_a_refusal_is_said_once(
    secrets: SecretsManager, naps: list[float], status: str, code: str, words: str
) -> None:
    secrets.trouble = (status, code)
    secret = SecretLogin(settings())
    with pytest.raises(InvalidSettingError, match=f"TIMESCALE_DB_SECRET_ARN .*{words}.*{code}"):
        retry(secret.current, Deadline.after(60))
    assert (secrets.reads, naps) == (1, [])


@pytest.mark.parametrize(
    ("status", "code"),
    [
        ("500 Internal Server Error", "InternalServiceError"),
        ("503 Service Unavailable", "ServiceUnavailableException"),
        ("400 Bad Request", "ThrottlingException"),
    ],
)
def test_a_service_in_trouble_is_tried_again(
    secrets: SecretsManager, naps: list[float], status: str, code: str
) -> None:
    secrets.trouble = (status, code)
    with pytest.raises(DatabaseUnavailableError, match=code):
        retry(SecretLogin(settings()).current, Deadline.after(60))
    assert len(naps) == CONNECTION_ATTEMPTS - 1
    assert secrets.reads == 2 * CONNECTION_ATTEMPTS


def test_a_service_that_does_not_answer_is_tried_again(
    secrets: SecretsManager, naps: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    with pytest.raises(DatabaseUnavailableError, match=r"TIMESCALE_DB_SECRET_ARN, does not answer"):
        retry(SecretLogin(settings()).current, Deadline.after(60))
    assert len(naps) == CONNECTION_ATTEMPTS - 1


def test_a_process_without_credentials_of_aws_is_told_once(
    secrets: SecretsManager, naps: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    for name in ("AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE"):
        monkeypatch.setenv(name, os.devnull)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setattr("boto3.DEFAULT_SESSION", None)
    with pytest.raises(InvalidSettingError, match=r"cannot be asked for \(NoCredentialsError\)"):
        retry(SecretLogin(settings()).current, Deadline.after(60))
    assert naps == []
