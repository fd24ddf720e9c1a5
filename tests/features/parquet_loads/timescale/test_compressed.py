"""Files that come late, for a day that TimescaleDB has compressed in the meantime.

The day has more readings than TimescaleDB unpacks for one transaction unless it is told to.
"""

from pathlib import Path

import pytest

from chalicelib.features.parquet_loads.model import Load, LoadStatus
from tests.features.parquet_loads.conftest import LoadRunner
from tests.features.parquet_loads.drop import START, Drop, Reading
from tests.sandbox import Sandbox

DEVICES, MINUTES = 96, 1440
UNPACKED_AT_MOST = 100_000
TABLES = {
    "measurements": "iot_data.timescale_measurements",
    "generation": "iot_data.energy_readings",
}
PLACES = {"measurements": "device_id", "generation": "region"}
FILL = {
    "measurements": (
        "INSERT INTO iot_data.timescale_measurements (time, device_id, parameter_id, value) "
        "SELECT %s + minute * interval '1 minute', 'old-' || device, 'temperature', 1 "
        "FROM generate_series(1, %s) AS minute, generate_series(1, %s) AS device"
    ),
    "generation": (
        "INSERT INTO iot_data.energy_readings (time, value, object_id, dataset, region, "
        "energy_source, measurement_type, unit, quality_flag) "
        "SELECT %s + minute * interval '1 minute', 1, 0, 'generation', 'old-' || device, "
        "'hydro', 'power', 'MW', 'good' "
        "FROM generate_series(1, %s) AS minute, generate_series(1, %s) AS device"
    ),
}
# Each of them is of a device that has no other readings.
LATE: list[Reading] = [(hour, "new", 1.0) for hour in range(24)]


class Day:
    """A compressed day, and a file that comes for it."""

    def __init__(self, sandbox: Sandbox, load: LoadRunner, drop: Drop) -> None:
        self._sandbox = sandbox
        self._load = load
        self._drop = drop
        self._table = TABLES[drop.dataset]
        sandbox.expect_rebuild()
        sandbox.rows(FILL[drop.dataset], (START, MINUTES - 1, DEVICES))
        sandbox.rows(
            f"ALTER TABLE {self._table} SET (timescaledb.compress, "
            f"timescaledb.compress_segmentby = '{PLACES[drop.dataset]}', "
            "timescaledb.compress_orderby = 'time')"
        )
        self.compress()

    def compress(self) -> None:
        self._sandbox.rows(f"SELECT compress_chunk(chunk) FROM show_chunks('{self._table}') chunk")

    def load(self, readings: list[Reading], minute: int = 0) -> Load:
        self._drop.put("late", readings, minute)
        ended = self._load(str(self._drop.path("late")))
        assert ended.status is LoadStatus.SUCCEEDED
        return ended

    @property
    def unpacked_count(self) -> int:
        """How many readings are in their chunks as rows, the loaded ones among them."""
        chunks = self._sandbox.rows(f"SELECT CAST(show_chunks('{self._table}') AS text)")
        return sum(self._sandbox.value(f"SELECT count(*) FROM ONLY {chunk}") for [chunk] in chunks)

    @property
    def count(self) -> int:
        count: int = self._sandbox.value(f"SELECT count(*) FROM {self._table}")
        return count


@pytest.fixture(params=sorted(TABLES))
def day(request: pytest.FixtureRequest, migrated: Sandbox, load: LoadRunner, tmp_path: Path) -> Day:
    return Day(migrated, load, Drop(tmp_path, request.param))


def test_what_a_late_device_brings_is_added_and_nothing_is_unpacked(day: Day) -> None:
    assert day.count > UNPACKED_AT_MOST
    counts = day.load(LATE).counts
    assert (counts.added, counts.changed, counts.removed) == (len(LATE), 0, 0)
    assert day.unpacked_count == len(LATE)


def test_no_more_is_unpacked_than_a_change_takes(day: Day) -> None:
    day.load(LATE)
    before = day.count
    day.compress()
    assert day.load(LATE, minute=1).counts.changed == 0
    assert day.unpacked_count == 0
    changed = [(hour, place, 2.0) for hour, place, _ in LATE]
    assert day.load(changed, minute=2).counts.changed == len(LATE)
    assert day.unpacked_count == len(LATE)
    day.compress()
    assert day.load(LATE[1:-1], minute=3).counts.removed == 2
    assert day.count == before - 2
