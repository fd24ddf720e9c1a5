"""The environment, read strictly: what is wrong is named, and no secret is shown."""

import re

import pytest

from chalicelib import settings
from chalicelib.errors import InvalidSettingError
from tests.sandbox import PROJECT

GOOD = {
    "TIMESCALE_DB_HOST": "db.example",
    "TIMESCALE_DB_NAME": "iot",
    "TIMESCALE_DB_USER": "sync",
    "TIMESCALE_DB_PASSWORD": " p@ss ",
}


def test_defaults_are_those_of_the_readme() -> None:
    read = settings.from_environment(GOOD)
    assert read.database.port == 5432
    assert read.database.sslmode == "prefer"
    assert read.check_interval_minutes == 60
    assert read.sync_interval_minutes == 60
    assert read.removal_guard_percent == 50
    assert read.removal_guard_min_pairs == 100
    assert read.history_retention_days == 90
    assert settings.sync_schedule({}) == "cron(5 * * * ? *)"
    assert settings.log_level({}) == "INFO"


def test_the_password_is_taken_as_it_is_and_shown_nowhere() -> None:
    read = settings.from_environment(GOOD)
    assert read.database.password == " p@ss "
    assert "p@ss" not in repr(read)


@pytest.mark.parametrize("variable", GOOD)
def test_a_missing_variable_is_named(variable: str) -> None:
    environment = {name: value for name, value in GOOD.items() if name != variable}
    with pytest.raises(InvalidSettingError, match=f"^{variable} is not set$"):
        settings.from_environment(environment)


@pytest.mark.parametrize("variable", GOOD)
def test_an_empty_variable_is_a_missing_one(variable: str) -> None:
    with pytest.raises(InvalidSettingError, match=f"^{variable} is not set$"):
        settings.from_environment({**GOOD, variable: ""})


@pytest.mark.parametrize(
    "variable",
    [
        "TIMESCALE_DB_PORT",
        "CHECK_INTERVAL_MINUTES",
        "SYNC_INTERVAL_MINUTES",
        "REMOVAL_GUARD_PERCENT",
        "REMOVAL_GUARD_MIN_PAIRS",
        "HISTORY_RETENTION_DAYS",
        "REFRESH_WORK_MEM_MB",
    ],
)
@pytest.mark.parametrize(
    "value", ["-1", "1.5", "sixty", "1e3", "٣", "99999999999999999999", " 5", "0x10", "5\n"]
)
def test_a_number_that_is_none_is_named(variable: str, value: str) -> None:
    with pytest.raises(InvalidSettingError, match=f"^{variable} must be a whole number from"):
        settings.from_environment({**GOOD, variable: value})


@pytest.mark.parametrize(
    ("variable", "lowest", "highest"),
    [
        ("TIMESCALE_DB_PORT", 1, 65_535),
        ("CHECK_INTERVAL_MINUTES", 1, 527_040),
        ("REMOVAL_GUARD_PERCENT", 0, 100),
        ("HISTORY_RETENTION_DAYS", 1, 36_500),
    ],
)
def test_limits_are_inclusive(variable: str, lowest: int, highest: int) -> None:
    settings.from_environment({**GOOD, variable: str(lowest)})
    settings.from_environment({**GOOD, variable: str(highest)})
    for beyond in (lowest - 1, highest + 1):
        with pytest.raises(InvalidSettingError, match=variable):
            settings.from_environment({**GOOD, variable: str(beyond)})


def test_an_unknown_tls_mode_is_refused() -> None:
    with pytest.raises(InvalidSettingError, match="TIMESCALE_DB_SSLMODE must be one of disable"):
        settings.from_environment({**GOOD, "TIMESCALE_DB_SSLMODE": "yes"})


@pytest.mark.parametrize("value", ["hourly", "cron", "cron(5 * * * ? *", "rate()", "at(5)"])
def test_a_schedule_that_eventbridge_would_refuse_is_refused(value: str) -> None:
    with pytest.raises(InvalidSettingError, match="SYNC_SCHEDULE must be an EventBridge"):
        settings.sync_schedule({"SYNC_SCHEDULE": value})


def test_an_unknown_log_level_is_refused() -> None:
    with pytest.raises(InvalidSettingError, match="LOG_LEVEL must be one of DEBUG"):
        settings.log_level({"LOG_LEVEL": "verbose"})


def test_the_readme_documents_every_setting() -> None:
    sources = [*(PROJECT / "chalicelib").glob("*.py"), PROJECT / "migrations" / "env.py"]
    read = {
        name
        for path in sources
        for name in re.findall(r'"([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)"', path.read_text("utf-8"))
        if not name.startswith(("AWS_",)) and path.name != "errors.py"
    }
    table = (PROJECT / "README.md").read_text("utf-8").partition("## Settings")[2]
    documented = set(re.findall(r"^\| `([A-Z0-9_]+)` \|", table, re.MULTILINE))
    assert documented == read
