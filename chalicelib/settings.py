"""Everything the environment decides, read once and checked; the README lists every variable."""

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from chalicelib.errors import InvalidSettingError

T = TypeVar("T")

SSL_MODES = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")
LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
MAX_WINDOW_MINUTES = 366 * 24 * 60
DEFAULT_SYNC_SCHEDULE = "cron(5 * * * ? *)"
_ORIGIN = re.compile(r"https?://[A-Za-z0-9.-]+(:[0-9]{1,5})?")
# https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_MetricDatum.html and
# https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEventsRequestEntry.html
_NAMESPACE = re.compile(r"[A-Za-z0-9._/#:-]{1,255}")
_BUS = re.compile(r"[A-Za-z0-9._/:-]{1,1600}")
_SECRET_ARN = re.compile(r"arn:[a-z0-9-]+:secretsmanager:[a-z0-9-]+:[0-9]{12}:secret:[!-~]+")
_SCHEDULE = re.compile(r"(cron|rate)\([^()]+\)")


@dataclass(frozen=True)
class DatabaseSettings:
    """Where the database is and who asks. The password is in no `repr`.

    With *secret_arn* the login is in that secret, and so is what else is None here.
    """

    host: str | None
    port: int | None
    name: str | None
    user: str | None
    password: str | None = field(repr=False)
    sslmode: str
    secret_arn: str | None = None


@dataclass(frozen=True)
class Settings:
    """One checked value per environment variable."""

    database: DatabaseSettings
    check_interval_minutes: int
    sync_interval_minutes: int
    removal_guard_percent: int
    removal_guard_min_pairs: int
    history_retention_days: int
    refresh_work_mem_mb: int
    change_event_bus: str | None


def from_environment(environ: Mapping[str, str] = os.environ) -> Settings:
    """All settings of a run or a request.

    Raises `InvalidSettingError` naming the first variable that is missing or malformed.
    """
    return Settings(
        database=database_from_environment(environ),
        check_interval_minutes=read(
            environ, "CHECK_INTERVAL_MINUTES", between(1, MAX_WINDOW_MINUTES), "60"
        ),
        sync_interval_minutes=read(
            environ, "SYNC_INTERVAL_MINUTES", between(1, MAX_WINDOW_MINUTES), "60"
        ),
        removal_guard_percent=read(environ, "REMOVAL_GUARD_PERCENT", between(0, 100), "50"),
        removal_guard_min_pairs=read(environ, "REMOVAL_GUARD_MIN_PAIRS", between(0, 10**9), "100"),
        history_retention_days=read(environ, "HISTORY_RETENTION_DAYS", between(1, 36_500), "90"),
        refresh_work_mem_mb=read(environ, "REFRESH_WORK_MEM_MB", between(1, 65_536), "512"),
        change_event_bus=change_event_bus(environ),
    )


def database_from_environment(environ: Mapping[str, str] = os.environ) -> DatabaseSettings:
    """The connection alone: all that migrations need."""
    if environ.get("TIMESCALE_DB_SECRET_ARN"):
        return _database_with_secret(environ)
    return DatabaseSettings(
        host=read(environ, "TIMESCALE_DB_HOST", _text),
        port=read(environ, "TIMESCALE_DB_PORT", between(1, 65_535), "5432"),
        name=read(environ, "TIMESCALE_DB_NAME", _text),
        user=read(environ, "TIMESCALE_DB_USER", _text),
        password=read(environ, "TIMESCALE_DB_PASSWORD", _secret),
        sslmode=read(environ, "TIMESCALE_DB_SSLMODE", one_of(SSL_MODES), "prefer"),
    )


def _database_with_secret(environ: Mapping[str, str]) -> DatabaseSettings:
    for variable in ("TIMESCALE_DB_USER", "TIMESCALE_DB_PASSWORD"):
        if environ.get(variable):
            raise InvalidSettingError(
                variable, "is set beside TIMESCALE_DB_SECRET_ARN, which names the login: unset one"
            )
    return DatabaseSettings(
        host=_if_set(environ, "TIMESCALE_DB_HOST", _text),
        port=_if_set(environ, "TIMESCALE_DB_PORT", between(1, 65_535)),
        name=_if_set(environ, "TIMESCALE_DB_NAME", _text),
        user=None,
        password=None,
        sslmode=read(environ, "TIMESCALE_DB_SSLMODE", one_of(SSL_MODES), "prefer"),
        secret_arn=read(environ, "TIMESCALE_DB_SECRET_ARN", _secret_arn),
    )


def sync_schedule(environ: Mapping[str, str] = os.environ) -> str:
    """When the scheduled function runs; read alone, because packaging has no database."""
    return read(environ, "SYNC_SCHEDULE", schedule_expression, DEFAULT_SYNC_SCHEDULE)


def sync_function_name(environ: Mapping[str, str] = os.environ) -> str | None:
    """The Lambda function that carries out requested runs; None to run them in place."""
    return environ.get("SYNC_FUNCTION_NAME") or None


def change_event_bus(environ: Mapping[str, str] = os.environ) -> str | None:
    """The EventBridge bus, by name or ARN, that is told of changes; None to tell nobody."""
    if not environ.get("CHANGE_EVENT_BUS"):
        return None
    return read(environ, "CHANGE_EVENT_BUS", _bus)


def metrics_namespace(environ: Mapping[str, str] = os.environ) -> str:
    """Where CloudWatch keeps the application's metrics."""
    return read(environ, "METRICS_NAMESPACE", _namespace, "DeviceParameters")


def cors_allow_origin(environ: Mapping[str, str] = os.environ) -> str | None:
    """The one other origin whose pages may call the API; None for none."""
    if not environ.get("CORS_ALLOW_ORIGIN"):
        return None
    return read(environ, "CORS_ALLOW_ORIGIN", _origin)


def log_level(environ: Mapping[str, str] = os.environ) -> str:
    """The level of the application's own log lines."""
    return read(environ, "LOG_LEVEL", one_of(LOG_LEVELS), "INFO")


def read(
    environ: Mapping[str, str], variable: str, parse: Callable[[str], T], default: str | None = None
) -> T:
    """*variable* as *parse* understands it; `ValueError` says what is wrong with it.

    Raises `InvalidSettingError` naming the variable. An empty one counts as missing.
    """
    raw = environ.get(variable) or default
    if raw is None:
        raise InvalidSettingError(variable, "is not set")
    try:
        return parse(raw)
    except ValueError as problem:
        raise InvalidSettingError(variable, str(problem)) from None


def _if_set(environ: Mapping[str, str], variable: str, parse: Callable[[str], T]) -> T | None:
    return read(environ, variable, parse) if environ.get(variable) else None


def _text(raw: str) -> str:
    if not raw.strip():
        raise ValueError("is blank")
    return raw.strip()


def _secret(raw: str) -> str:
    """As it is: spaces may belong to it, and no error may show it."""
    return raw


def _secret_arn(raw: str) -> str:
    # The value is not shown: whoever puts the secret itself here must not find it in a log.
    if not _SECRET_ARN.fullmatch(raw):
        raise ValueError("must be the ARN of a secret in AWS Secrets Manager: not its content")
    return raw


def between(lowest: int, highest: int) -> Callable[[str], int]:
    """A parser that takes whole numbers from *lowest* to *highest*."""

    def parse(raw: str) -> int:
        # isdecimal() alone would let digits of other scripts through.
        if not (
            raw.isascii() and raw.isdecimal() and len(raw) < 12 and lowest <= int(raw) <= highest
        ):
            raise ValueError(f"must be a whole number from {lowest} to {highest}, not {raw[:40]!r}")
        return int(raw)

    return parse


def one_of(choices: tuple[str, ...]) -> Callable[[str], str]:
    """A parser that takes one of *choices* and nothing else."""

    def parse(raw: str) -> str:
        if raw not in choices:
            raise ValueError(f"must be one of {', '.join(choices)}, not {raw[:40]!r}")
        return raw

    return parse


def _origin(raw: str) -> str:
    if not _ORIGIN.fullmatch(raw):
        raise ValueError(f"must be one origin such as https://ops.example, not {raw[:80]!r}")
    return raw


def _bus(raw: str) -> str:
    if not _BUS.fullmatch(raw):
        raise ValueError(f"must be the name or the ARN of an event bus, not {raw[:80]!r}")
    return raw


def _namespace(raw: str) -> str:
    if not _NAMESPACE.fullmatch(raw) or raw.startswith("AWS/"):
        raise ValueError(
            f"must be a CloudWatch namespace such as DeviceParameters, not {raw[:40]!r}"
        )
    return raw


def schedule_expression(raw: str) -> str:
    """A parser that takes what EventBridge takes for a schedule, as far as its shape goes."""
    if not _SCHEDULE.fullmatch(raw):
        raise ValueError(f"must be an EventBridge cron(…) or rate(…) expression, not {raw[:40]!r}")
    return raw
