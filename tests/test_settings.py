"""Every variable: where it is missing, malformed, or at its limits."""

import pytest

from chalicelib import settings
from chalicelib.errors import InvalidSettingError
from chalicelib.features.device_parameters.feature import SYNC_FUNCTION_NAME, SYNC_SCHEDULE
from chalicelib.features.device_parameters.settings import SyncSettings, sync_settings

DATABASE = {
    "TIMESCALE_DB_HOST": "db.example.com",
    "TIMESCALE_DB_NAME": "platform",
    "TIMESCALE_DB_USER": "sync",
    "TIMESCALE_DB_PASSWORD": " s3cret with spaces ",
}

SECRET_ARN = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:rds!db-1f0e-Ab12Cd"


def read(**changes: str) -> SyncSettings:
    return sync_settings({**DATABASE, **changes})


def problem_with(variable: str, **environ: str) -> str:
    """The sentence about *variable*, which the error must name."""
    with pytest.raises(InvalidSettingError) as caught:
        sync_settings(environ)
    assert caught.value.details == {"variable": variable}
    assert caught.value.message.startswith(f"{variable} ")
    return caught.value.message


def test_what_is_not_set_has_its_documented_default() -> None:
    assert read() == SyncSettings(
        database=settings.DatabaseSettings(
            host="db.example.com",
            port=5432,
            name="platform",
            user="sync",
            password=" s3cret with spaces ",
            sslmode="prefer",
        ),
        check_interval_minutes=60,
        sync_interval_minutes=60,
        removal_guard_percent=20,
        evidence_source=None,
        aggregate_retention_days=400,
        removal_guard_min_pairs=100,
        removal_guard_group_percent=50,
        removal_guard_group_min_pairs=50,
        history_retention_days=90,
        refresh_work_mem_mb=512,
        change_event_bus=None,
    )


@pytest.mark.parametrize("variable", DATABASE)
def test_a_missing_variable_is_named(variable: str) -> None:
    environ = {name: value for name, value in DATABASE.items() if name != variable}
    assert problem_with(variable, **environ) == f"{variable} is not set"


@pytest.mark.parametrize("variable", DATABASE)
def test_an_empty_variable_counts_as_missing(variable: str) -> None:
    assert problem_with(variable, **{**DATABASE, variable: ""}) == f"{variable} is not set"


@pytest.mark.parametrize("variable", ["TIMESCALE_DB_HOST", "TIMESCALE_DB_NAME"])
def test_a_blank_variable_is_refused(variable: str) -> None:
    assert problem_with(variable, **{**DATABASE, variable: "  "}) == f"{variable} is blank"


def test_an_empty_optional_variable_means_its_default() -> None:
    assert read(CHECK_INTERVAL_MINUTES="", TIMESCALE_DB_PORT="") == read()


NUMBERS = [
    ("TIMESCALE_DB_PORT", 1, 65_535),
    ("CHECK_INTERVAL_MINUTES", 1, 527_040),
    ("SYNC_INTERVAL_MINUTES", 1, 527_040),
    ("REMOVAL_GUARD_PERCENT", 0, 100),
    ("REMOVAL_GUARD_MIN_PAIRS", 0, 10**9),
    ("HISTORY_RETENTION_DAYS", 1, 36_500),
    ("REFRESH_WORK_MEM_MB", 1, 65_536),
]


@pytest.mark.parametrize(("variable", "lowest", "highest"), NUMBERS)
def test_a_number_may_be_at_its_limits_and_not_beyond(
    variable: str, lowest: int, highest: int
) -> None:
    for allowed in (lowest, highest):
        read(**{variable: str(allowed)})
    for refused in (lowest - 1, highest + 1):
        sentence = problem_with(variable, **DATABASE, **{variable: str(refused)})
        assert f"must be a whole number from {lowest} to {highest}" in sentence


@pytest.mark.parametrize(("variable", "lowest", "highest"), NUMBERS)
@pytest.mark.parametrize(
    "raw", ["ten", "1.5", "1e2", "-1", "+5", " 5", "\N{ARABIC-INDIC DIGIT FIVE}", "5\n", "9" * 5000]
)
def test_a_malformed_number_is_shown_in_one_short_sentence(
    variable: str, lowest: int, highest: int, raw: str
) -> None:
    sentence = problem_with(variable, **DATABASE, **{variable: raw})
    assert f"from {lowest} to {highest}, not " in sentence
    assert "\n" not in sentence
    assert len(sentence) < 150


def test_numbers_are_read_into_the_field_they_are_named_after() -> None:
    configured = read(
        CHECK_INTERVAL_MINUTES="1",
        SYNC_INTERVAL_MINUTES="2",
        REMOVAL_GUARD_PERCENT="3",
        REMOVAL_GUARD_MIN_PAIRS="4",
        HISTORY_RETENTION_DAYS="5",
        REFRESH_WORK_MEM_MB="6",
        TIMESCALE_DB_PORT="7",
    )
    assert (configured.check_interval_minutes, configured.sync_interval_minutes) == (1, 2)
    assert (configured.removal_guard_percent, configured.removal_guard_min_pairs) == (3, 4)
    assert (configured.history_retention_days, configured.refresh_work_mem_mb) == (5, 6)
    assert configured.database.port == 7


def test_an_ssl_mode_is_one_of_libpqs() -> None:
    assert read(TIMESCALE_DB_SSLMODE="verify-full").database.sslmode == "verify-full"
    assert "disable, allow, prefer" in problem_with(
        "TIMESCALE_DB_SSLMODE", **DATABASE, TIMESCALE_DB_SSLMODE="yes"
    )


def test_the_password_is_in_no_repr() -> None:
    assert "s3cret" not in repr(read())


def test_a_secret_needs_nothing_beside_it() -> None:
    database = settings.database_from_environment({"TIMESCALE_DB_SECRET_ARN": SECRET_ARN})
    assert database == settings.DatabaseSettings(
        None, None, None, None, None, "prefer", secret_arn=SECRET_ARN
    )


def test_the_environment_may_say_where_and_the_secret_who() -> None:
    environ = {
        **{"TIMESCALE_DB_HOST": "db.example.com", "TIMESCALE_DB_PORT": "6543"},
        **{"TIMESCALE_DB_NAME": "platform", "TIMESCALE_DB_SSLMODE": "verify-full"},
    }
    database = settings.database_from_environment(
        {**environ, "TIMESCALE_DB_SECRET_ARN": SECRET_ARN}
    )
    assert (database.host, database.port, database.name) == ("db.example.com", 6543, "platform")
    assert (database.user, database.password, database.sslmode) == (None, None, "verify-full")


@pytest.mark.parametrize("variable", ["TIMESCALE_DB_USER", "TIMESCALE_DB_PASSWORD"])
def test_a_login_is_said_once(variable: str) -> None:
    sentence = problem_with(
        variable, **{"TIMESCALE_DB_SECRET_ARN": SECRET_ARN, variable: "s3cr3t-pass"}
    )
    assert sentence == (
        f"{variable} is set beside TIMESCALE_DB_SECRET_ARN, which names the login: unset one"
    )


def test_an_empty_secret_is_none() -> None:
    assert read(TIMESCALE_DB_SECRET_ARN="") == read()


@pytest.mark.parametrize(
    "raw",
    [
        '{"username": "sync", "password": "s3cret-pass"}',
        "s3cret-pass",
        "arn:aws:ssm:eu-central-1:123456789012:parameter/s3cret-pass",
        "arn:aws:secretsmanager:eu-central-1:1234:secret:s3cret-pass",
        f"{SECRET_ARN} s3cret-pass",
        f"{SECRET_ARN}\n",
    ],
)
def test_what_is_no_arn_is_refused_and_not_shown(raw: str) -> None:
    sentence = problem_with("TIMESCALE_DB_SECRET_ARN", TIMESCALE_DB_SECRET_ARN=raw)
    assert "must be the ARN of a secret" in sentence
    assert "s3cret" not in sentence


@pytest.mark.parametrize("schedule", ["cron(5 * * * ? *)", "rate(5 minutes)"])
def test_a_schedule_is_a_cron_or_rate_expression(schedule: str) -> None:
    assert SYNC_SCHEDULE.value({"SYNC_SCHEDULE": schedule}) == schedule
    assert SYNC_SCHEDULE.value({}) == "cron(5 * * * ? *)"


@pytest.mark.parametrize("schedule", ["5 * * * *", "cron()", "rate(1 hour) ", "at(2026-11-01)"])
def test_any_other_schedule_is_refused(schedule: str) -> None:
    with pytest.raises(InvalidSettingError, match="SYNC_SCHEDULE must be an EventBridge"):
        SYNC_SCHEDULE.value({"SYNC_SCHEDULE": schedule})


def test_a_log_level_is_one_of_pythons() -> None:
    assert settings.LOG_LEVEL.value({}) == "INFO"
    assert settings.LOG_LEVEL.value({"LOG_LEVEL": "DEBUG"}) == "DEBUG"
    with pytest.raises(InvalidSettingError, match="LOG_LEVEL must be one of DEBUG, INFO"):
        settings.LOG_LEVEL.value({"LOG_LEVEL": "verbose"})


@pytest.mark.parametrize(
    "bus", ["default", "ops/bus-1", "arn:aws:events:eu-central-1:1:event-bus/x"]
)
def test_the_bus_that_is_told_of_changes_is_named_or_nobody_is_told(bus: str) -> None:
    assert read(CHANGE_EVENT_BUS=bus).change_event_bus == bus
    assert read(CHANGE_EVENT_BUS="").change_event_bus is None
    sentence = problem_with("CHANGE_EVENT_BUS", **DATABASE, CHANGE_EVENT_BUS=f"{bus} and others")
    assert "must be the name or the ARN of an event bus" in sentence


@pytest.mark.parametrize("namespace", ["DeviceParameters", "Ops/IoT_1.x:#-"])
def test_a_namespace_is_one_of_cloudwatch_s(namespace: str) -> None:
    assert settings.METRICS_NAMESPACE.value({"METRICS_NAMESPACE": namespace}) == namespace


@pytest.mark.parametrize("namespace", ["AWS/Lambda", "two words", "x" * 256])
def test_a_namespace_that_cloudwatch_keeps_for_itself_is_refused(namespace: str) -> None:
    with pytest.raises(InvalidSettingError, match="METRICS_NAMESPACE must be a CloudWatch"):
        settings.METRICS_NAMESPACE.value({"METRICS_NAMESPACE": namespace})


@pytest.mark.parametrize("origin", ["https://ops.example", "http://localhost:8000"])
def test_the_other_origin_is_one_origin(origin: str) -> None:
    assert settings.CORS_ALLOW_ORIGIN.value_if_set({"CORS_ALLOW_ORIGIN": origin}) == origin
    assert settings.CORS_ALLOW_ORIGIN.value_if_set({}) is None


@pytest.mark.parametrize(
    "origin", ["*", "ops.example", "https://ops.example/", "https://a,https://b"]
)
def test_anything_else_is_no_origin(origin: str) -> None:
    with pytest.raises(InvalidSettingError, match="CORS_ALLOW_ORIGIN must be one origin"):
        settings.CORS_ALLOW_ORIGIN.value_if_set({"CORS_ALLOW_ORIGIN": origin})


@pytest.mark.parametrize("limit", ["10s", "500ms", "5 min", "1h", "1000"])
def test_a_lock_timeout_is_a_time_as_postgresql_spells_it(limit: str) -> None:
    assert settings.MIGRATION_LOCK_TIMEOUT.value({"MIGRATION_LOCK_TIMEOUT": limit}) == limit


@pytest.mark.parametrize("limit", ["soon", "-1", "1 day", "10s; DROP TABLE x"])
def test_anything_else_is_no_lock_timeout(limit: str) -> None:
    with pytest.raises(InvalidSettingError, match="MIGRATION_LOCK_TIMEOUT must be a time"):
        settings.MIGRATION_LOCK_TIMEOUT.value({"MIGRATION_LOCK_TIMEOUT": limit})


def test_without_a_function_of_its_own_a_run_is_carried_out_in_place() -> None:
    assert SYNC_FUNCTION_NAME.value_if_set({}) is None
    assert SYNC_FUNCTION_NAME.value_if_set({"SYNC_FUNCTION_NAME": "sync"}) == "sync"
