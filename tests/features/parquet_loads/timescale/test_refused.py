"""Rows that the platform's table refuses: a load is repeated where that helps, and once."""

from pathlib import Path

import pytest

from chalicelib.features.parquet_loads.model import Load, LoadStatus
from tests.features.parquet_loads.conftest import LoadRunner
from tests.features.parquet_loads.drop import START, Drop, Reading, readings_in
from tests.features.parquet_loads.timescale.killed_load import interrupted
from tests.sandbox import Sandbox

TABLE = "iot_data.timescale_measurements"
ADD = f"INSERT INTO {TABLE} (time, device_id, parameter_id, value) VALUES (%s, %s, %s, 9)"


class Platform:
    """The platform's table, as somebody altered it, and files for it."""

    def __init__(self, sandbox: Sandbox, load: LoadRunner, drop: Drop) -> None:
        self.sandbox = sandbox
        self._load = load
        self._drop = drop

    def alter(self, *statements: str) -> None:
        self.sandbox.expect_rebuild()
        for statement in statements:
            self.sandbox.rows(statement)

    def drop_key(self) -> None:
        self.alter(f"ALTER TABLE {TABLE} DROP CONSTRAINT timescale_measurements_pkey")

    def load(self, name: str, *readings: Reading, minute: int = 0) -> Load:
        """A load that must not need the time that contention is given."""
        self._drop.put(name, readings, minute)
        return self._load(str(self._drop.path(name)), seconds=20)


@pytest.fixture
def platform(migrated: Sandbox, load: LoadRunner, tmp_path: Path) -> Platform:
    return Platform(migrated, load, Drop(tmp_path, "measurements"))


def why(ended: Load) -> tuple[str, str]:
    assert ended.status is LoadStatus.FAILED
    assert ended.error is not None
    return ended.error.code, ended.error.message


def attempts_of(platform: Platform, boundary: str, *readings: Reading) -> tuple[Load, int]:
    """The load of the file `late`, and how often it got to *boundary*."""
    attempts: list[None] = []
    with interrupted(boundary, lambda: attempts.append(None)):
        return platform.load("late", *readings, minute=1), len(attempts)


def test_a_reading_that_a_table_without_a_key_has_twice_fails_the_load_at_once(
    platform: Platform,
) -> None:
    platform.drop_key()
    platform.load("early", (0, "N", 1.0))
    platform.sandbox.rows(ADD, (START, "N", "temperature"))
    ended, attempts = attempts_of(platform, "before:shadow_displaced", (0, "N", 2.0))
    code, message = why(ended)
    assert (code, attempts) == ("duplicate_readings", 1)
    assert "remove the duplicates, give the table the key (time, device_id, param" in message


def test_when_the_duplicates_are_removed_the_same_file_is_loaded(platform: Platform) -> None:
    platform.drop_key()
    platform.load("early", (0, "N", 1.0))
    platform.sandbox.rows(ADD, (START, "N", "temperature"))
    why(platform.load("late", (0, "N", 2.0), minute=1))
    platform.sandbox.rows(f"DELETE FROM {TABLE} WHERE value = 9")
    assert platform.load("late", (0, "N", 2.0), minute=1).status is LoadStatus.SUCCEEDED
    assert readings_in(platform.sandbox, "measurements") == {(0, "N"): 2.0}


def test_where_the_table_has_another_key_the_load_is_repeated_once(platform: Platform) -> None:
    platform.drop_key()
    platform.alter(f"CREATE UNIQUE INDEX ON {TABLE} (time, device_id)")
    platform.sandbox.rows(ADD, (START, "N", "humidity"))
    ended, attempts = attempts_of(platform, "before:add_readings", (0, "N", 2.0))
    code, message = why(ended)
    assert (code, attempts) == ("duplicate_readings", 2)
    assert "another unique key than (time, device_id, parameter_id)" in message


@pytest.mark.parametrize(
    "constraint",
    [
        "CHECK (value < 2)",
        "FOREIGN KEY (device_id) REFERENCES iot_data.redshift_devices",
    ],
)
def test_rows_that_a_constraint_of_the_platform_rules_out_fail_the_load_for_good(
    platform: Platform, constraint: str
) -> None:
    platform.alter(f"ALTER TABLE {TABLE} ADD CONSTRAINT limits {constraint}")
    code, message = why(platform.load("late", (0, "N", 2.0)))
    assert code == "rows_refused"
    assert "limits" in message
