"""While TimescaleDB stands aside, a load puts no rows where it would never look for them."""

from pathlib import Path

import pytest

from chalicelib.database import Deadline
from chalicelib.errors import DatabaseUnavailableError
from chalicelib.features.parquet_loads.load import LoadContext, load
from chalicelib.features.parquet_loads.settings import LoadSettings
from chalicelib.features.parquet_loads.sources import location_of
from tests.features.parquet_loads.drop import Drop, Reading, readings_in
from tests.prescribed import prescribed
from tests.sandbox import Sandbox

# A database prescribes settings to the sessions that begin later, of which one backend has none.
pytestmark = pytest.mark.multi_backend
READINGS: list[Reading] = [(0, "N", 1.5), (1, "S", 2.5)]


@pytest.mark.parametrize("dataset", ["measurements", "generation"])
def test_nothing_is_loaded_into_a_table_that_is_being_restored(
    migrated: Sandbox, tmp_path: Path, dataset: str
) -> None:
    drop = Drop(tmp_path, dataset)
    drop.put("a", READINGS, 0)
    location = location_of(str(drop.path("a")))
    settings = LoadSettings(10, None, None)
    with prescribed(migrated, {"timescaledb.restoring": "on"}) as engine:
        context = LoadContext(engine, settings, None, Deadline.after(60))
        with pytest.raises(DatabaseUnavailableError, match=r"timescaledb\.restoring is on"):
            load(context, location)
    with prescribed(migrated, {}) as engine:
        load(LoadContext(engine, settings, None, Deadline.after(60)), location)
    assert readings_in(migrated, dataset) == {
        (hour, place): value for hour, place, value in READINGS
    }
