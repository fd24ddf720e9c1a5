"""What the environment decides for the whole application; features declare the rest themselves."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field

from chalicelib.errors import InvalidSettingError
from chalicelib.setting import Setting, matching, one_of, whole

SSL_MODES = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")
LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
_SECRET_ARN = matching(r"arn:[a-z0-9-]+:secretsmanager:[a-z0-9-]+:[0-9]{12}:secret:[!-~]+", "")


def _text(raw: str) -> str:
    if not raw.strip():
        raise ValueError("is blank")
    return raw.strip()


def _secret(raw: str) -> str:
    """The text as it is: spaces may belong to a secret, and no error may show it."""
    return raw


def _secret_arn(raw: str) -> str:
    try:
        return _SECRET_ARN(raw)
    except ValueError:
        # The value is not shown: somebody may have put the secret itself here.
        raise ValueError(
            "must be the ARN of a secret in AWS Secrets Manager: not its content"
        ) from None


def _namespace(raw: str) -> str:
    # https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_MetricDatum.html
    parse = matching(r"(?!AWS/)[A-Za-z0-9._/#:-]{1,255}", "a CloudWatch namespace")
    return parse(raw)


DATABASE_SECRET = Setting(
    "TIMESCALE_DB_SECRET_ARN",
    _secret_arn,
    "The secret that holds the login, fetched when first needed. The next five may then be left "
    "out.",
    is_optional=True,
)
DATABASE_HOST = Setting("TIMESCALE_DB_HOST", _text, "The database server.")
DATABASE_PORT = Setting("TIMESCALE_DB_PORT", whole(1, 65_535), "Its port.", default="5432")
DATABASE_NAME = Setting("TIMESCALE_DB_NAME", _text, "The database.")
DATABASE_USER = Setting(
    "TIMESCALE_DB_USER",
    _text,
    "The role that logs in. It owns the aggregates, or is a member of their owner. It may not be "
    "set beside a secret.",
)
DATABASE_PASSWORD = Setting(
    "TIMESCALE_DB_PASSWORD",
    _secret,
    "The password of that role, shown nowhere. It may not be set beside a secret.",
)
DATABASE_SSLMODE = Setting(
    "TIMESCALE_DB_SSLMODE",
    one_of(*SSL_MODES),
    "libpq's `sslmode`; `require` in the deployed stages.",
    default="prefer",
    in_stage="require",
)
# https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEventsRequestEntry.html
CHANGE_EVENT_BUS = Setting(
    "CHANGE_EVENT_BUS",
    matching(r"[A-Za-z0-9._/:-]{1,1600}", "the name or the ARN of an event bus"),
    "The EventBridge bus, by name or ARN, that is told of changes. Without it nobody is told.",
    is_optional=True,
)
METRICS_NAMESPACE = Setting(
    "METRICS_NAMESPACE",
    _namespace,
    "The namespace in which CloudWatch keeps the metrics.",
    default="DeviceParameters",
)
CORS_ALLOW_ORIGIN = Setting(
    "CORS_ALLOW_ORIGIN",
    matching(r"https?://[A-Za-z0-9.-]+(:[0-9]{1,5})?", "one origin such as https://ops.example"),
    "The one other origin, such as `https://ops.example`, whose pages may call the API.",
    is_optional=True,
)
LOG_LEVEL = Setting(
    "LOG_LEVEL",
    one_of(*LOG_LEVELS),
    "The level of the application's own log lines; `DEBUG` in the stage `dev`.",
    default="INFO",
    in_stage="INFO",
)
MIGRATION_LOCK_TIMEOUT = Setting(
    "MIGRATION_LOCK_TIMEOUT",
    matching(r"[0-9]{1,9} ?(ms|s|min|h)?", "a time such as 10s"),
    "How long a migration waits for a lock, and so blocks others.",
    default="10s",
)
SHARED = (
    DATABASE_SECRET,
    DATABASE_HOST,
    DATABASE_PORT,
    DATABASE_NAME,
    DATABASE_USER,
    DATABASE_PASSWORD,
    DATABASE_SSLMODE,
    CHANGE_EVENT_BUS,
    METRICS_NAMESPACE,
    CORS_ALLOW_ORIGIN,
    LOG_LEVEL,
    MIGRATION_LOCK_TIMEOUT,
)


@dataclass(frozen=True)
class DatabaseSettings:
    """Where the database is, and who logs in. The password is in no `repr`.

    With *secret_arn* the login is in that secret, and so is everything that is None here.
    """

    host: str | None
    port: int | None
    name: str | None
    user: str | None
    password: str | None = field(repr=False)
    sslmode: str
    secret_arn: str | None = None


def database_from_environment(environ: Mapping[str, str] = os.environ) -> DatabaseSettings:
    """The database.

    Raises `InvalidSettingError` naming the first variable that is missing or malformed.
    """
    if environ.get(DATABASE_SECRET.name):
        return _database_with_secret(environ)
    return DatabaseSettings(
        host=DATABASE_HOST.value(environ),
        port=DATABASE_PORT.value(environ),
        name=DATABASE_NAME.value(environ),
        user=DATABASE_USER.value(environ),
        password=DATABASE_PASSWORD.value(environ),
        sslmode=DATABASE_SSLMODE.value(environ),
    )


def _database_with_secret(environ: Mapping[str, str]) -> DatabaseSettings:
    for setting in (DATABASE_USER, DATABASE_PASSWORD):
        if environ.get(setting.name):
            raise InvalidSettingError(
                setting.name,
                "is set beside TIMESCALE_DB_SECRET_ARN, which names the login: unset one",
            )
    has_port = bool(environ.get(DATABASE_PORT.name))
    return DatabaseSettings(
        host=DATABASE_HOST.value_if_set(environ),
        # The secret may name another port; the default holds where neither names one.
        port=DATABASE_PORT.value(environ) if has_port else None,
        name=DATABASE_NAME.value_if_set(environ),
        user=None,
        password=None,
        sslmode=DATABASE_SSLMODE.value(environ),
        secret_arn=DATABASE_SECRET.value(environ),
    )
