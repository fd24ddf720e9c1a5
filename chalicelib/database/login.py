"""The database login that TIMESCALE_DB_SECRET_ARN names, as AWS Secrets Manager keeps it."""

import json
import logging
from contextlib import closing
from dataclasses import dataclass, field
from threading import Lock
from typing import Any

from chalicelib.errors import ApplicationError, DatabaseUnavailableError, InvalidSettingError
from chalicelib.settings import DatabaseSettings

logger = logging.getLogger(__name__)

_VARIABLE = "TIMESCALE_DB_SECRET_ARN"
_DEFAULT_PORT = 5432
_THROTTLED = ("ThrottlingException", "TooManyRequestsException", "RequestLimitExceeded")
_MEANINGS = {
    "ResourceNotFoundException": "names a secret that does not exist",
    "AccessDeniedException": "names a secret that may not be read: allow "
    "secretsmanager:GetSecretValue on it, and kms:Decrypt where it has a key of its own",
}


@dataclass(frozen=True)
class Login:
    """What libpq needs to be let in, under its own names. The password is in no `repr`."""

    host: str
    port: int
    dbname: str
    user: str
    password: str = field(repr=False)


class SecretLogin:
    """The login in a secret: fetched when first needed, kept until the database refuses it."""

    def __init__(self, settings: DatabaseSettings) -> None:
        self._settings = settings
        self._lock = Lock()
        self._known: Login | None = None

    def current(self, *, refused: Login | None = None) -> Login:
        """The known login; fetched anew where it is the one that the database has *refused*.

        Threads that are refused together fetch it once.
        """
        with self._lock:
            if self._known is None or self._known == refused:
                self._known = _fetch_login(self._settings)
                facts = {"is_changed": self._known != refused, "is_renewal": refused is not None}
                logger.info("database_login_fetched", extra=facts)
            return self._known


def _fetch_login(settings: DatabaseSettings) -> Login:
    return login_from(_secret_string(str(settings.secret_arn)), settings)


def _secret_string(arn: str) -> object:
    # The SDK takes longer to import than most requests take to answer.
    import boto3
    from botocore.config import Config
    from botocore.exceptions import BotoCoreError, ClientError

    # At DEBUG it would log the whole answer, the secret with it.
    logging.getLogger("botocore.parsers").setLevel(logging.INFO)
    config = Config(connect_timeout=1, read_timeout=2, retries={"total_max_attempts": 2})
    region = arn.split(":")[3]
    try:
        with closing(boto3.client("secretsmanager", region_name=region, config=config)) as client:
            return client.get_secret_value(SecretId=arn).get("SecretString")
    except ClientError as error:
        raise _meaning_of(error.response) from error
    except BotoCoreError as error:
        raise _failure_of(error) from error


def _meaning_of(response: dict[str, Any]) -> ApplicationError:
    code = response["Error"]["Code"]
    if code in _THROTTLED or response["ResponseMetadata"]["HTTPStatusCode"] >= 500:
        return DatabaseUnavailableError(f"Secrets Manager is in trouble ({code}): no login")
    meaning = _MEANINGS.get(code, "names a secret that cannot be read")
    return InvalidSettingError(_VARIABLE, f"{meaning} ({code})")


def _failure_of(error: Exception) -> ApplicationError:
    from botocore.exceptions import ConnectionError, HTTPClientError

    kind = type(error).__name__
    if isinstance(error, ConnectionError | HTTPClientError):
        return DatabaseUnavailableError(
            f"Secrets Manager, asked because of {_VARIABLE}, does not answer ({kind})"
        )
    return InvalidSettingError(_VARIABLE, f"names a secret that cannot be asked for ({kind})")


def login_from(secret: object, settings: DatabaseSettings) -> Login:
    """The login in *secret*, JSON as RDS writes it; what *settings* say of the place comes first.

    Raises `InvalidSettingError` that says what is wrong and shows nothing of the secret.
    """
    facts = _json_object(secret)
    return Login(
        host=settings.host or _text(facts, "host", unless="TIMESCALE_DB_HOST"),
        port=settings.port or _port(facts),
        dbname=settings.name or _text(facts, "dbname", unless="TIMESCALE_DB_NAME"),
        user=_text(facts, "username"),
        password=_text(facts, "password"),
    )


def _json_object(secret: object) -> dict[str, Any]:
    try:
        facts = json.loads(secret) if isinstance(secret, str) else None
    except (ValueError, RecursionError):
        # Raised below: the decoder's error carries the text that it could not read.
        facts = None
    if not isinstance(facts, dict):
        raise InvalidSettingError(_VARIABLE, "names a secret that is no JSON object")
    return facts


def _text(facts: dict[str, Any], name: str, *, unless: str | None = None) -> str:
    value = facts.get(name)
    # PostgreSQL's protocol ends a text at its first NUL.
    if not isinstance(value, str) or not value or "\0" in value:
        remedy = f", and {unless} is not set" if unless else ""
        raise InvalidSettingError(_VARIABLE, f"names a secret without a {name}{remedy}")
    return value


def _port(facts: dict[str, Any]) -> int:
    raw = str(facts.get("port") or _DEFAULT_PORT)
    if not (raw.isascii() and raw.isdecimal() and len(raw) < 6 and 1 <= int(raw) <= 65_535):
        raise InvalidSettingError(_VARIABLE, "names a secret whose port is no port")
    return int(raw)
