"""Files that bring the same readings: which of them wins, and what comes back."""

from datetime import timedelta
from pathlib import Path

import pytest

from chalicelib.features.parquet_loads.model import Load, LoadStatus
from tests.features.parquet_loads.conftest import LoadRunner
from tests.features.parquet_loads.drop import START, Drop, Reading, readings_in
from tests.sandbox import Sandbox

DATASETS = ("generation", "measurements")


class Scene:
    """Files that are written and loaded at once, and what is in the tables then."""

    def __init__(self, sandbox: Sandbox, load: LoadRunner, drop: Drop) -> None:
        self._sandbox = sandbox
        self._load = load
        self._drop = drop

    def load(self, name: str, *readings: Reading, minute: int = 0) -> Load:
        self._drop.put(name, readings, minute)
        ended = self._load(str(self._drop.path(name)), max_rejected_percent=100)
        assert ended.status is LoadStatus.SUCCEEDED
        return ended

    @property
    def readings(self) -> dict[tuple[int, str], float]:
        return readings_in(self._sandbox, self._drop.dataset)


@pytest.fixture(params=DATASETS)
def scene(
    request: pytest.FixtureRequest, migrated: Sandbox, load: LoadRunner, tmp_path: Path
) -> Scene:
    return Scene(migrated, load, Drop(tmp_path, request.param))


def test_the_newer_file_wins_whichever_is_loaded_first(scene: Scene) -> None:
    scene.load("new", (0, "N", 2.0), minute=5)
    late = scene.load("old", (0, "N", 1.0), (1, "N", 1.0), minute=1)
    assert scene.readings == {(0, "N"): 2.0, (1, "N"): 1.0}
    assert (late.counts.added, late.counts.changed, late.counts.shadowed) == (1, 0, 1)
    newest = scene.load("newest", (0, "N", 3.0), minute=6)
    assert (newest.counts.added, newest.counts.changed, newest.counts.shadowed) == (0, 1, 0)
    assert scene.readings[0, "N"] == 3.0


def test_of_two_files_written_at_the_same_moment_the_later_name_wins(scene: Scene) -> None:
    scene.load("b", (0, "N", 2.0))
    scene.load("a", (0, "N", 1.0))
    assert scene.readings == {(0, "N"): 2.0}


def test_a_changed_file_takes_back_what_it_no_longer_brings(scene: Scene) -> None:
    scene.load("a", (0, "N", 1.0), (1, "N", 1.0), (2, "N", 1.0))
    changed = scene.load("a", (1, "N", 1.0), (2, "N", 2.0), (3, "N", 2.0), minute=1)
    assert scene.readings == {(1, "N"): 1.0, (2, "N"): 2.0, (3, "N"): 2.0}
    assert (changed.counts.added, changed.counts.changed, changed.counts.removed) == (1, 1, 1)


def test_a_file_that_becomes_empty_takes_everything_back(scene: Scene) -> None:
    scene.load("a", (0, "N", 1.0), (900, "N", 1.0))
    assert scene.load("a", minute=1).counts.removed == 2
    assert scene.readings == {}
    scene.load("a", (0, "N", 3.0), minute=2)
    assert scene.readings == {(0, "N"): 3.0}


def test_what_was_displaced_comes_back(scene: Scene) -> None:
    scene.load("first", (0, "N", 1.0), minute=1)
    scene.load("second", (0, "N", 2.0), minute=2)
    scene.load("third", (0, "N", 3.0), minute=3)
    scene.load("third", (9, "N", 3.0), minute=4)
    assert scene.readings == {(0, "N"): 2.0, (9, "N"): 3.0}, "the newest of the others"
    scene.load("second", minute=5)
    assert scene.readings == {(0, "N"): 1.0, (9, "N"): 3.0}
    scene.load("first", minute=6)
    assert scene.readings == {(9, "N"): 3.0}


def test_of_displaced_files_of_the_same_moment_the_later_name_comes_back(scene: Scene) -> None:
    for name, value in (("b", 2.0), ("a", 1.0), ("c", 3.0)):
        scene.load(name, (0, "N", value), minute=1)
    scene.load("c", minute=2)
    assert scene.readings == {(0, "N"): 2.0}


def test_a_file_put_back_from_an_older_copy_gives_way(scene: Scene) -> None:
    scene.load("a", (0, "N", 1.0), minute=2)
    scene.load("b", (0, "N", 2.0), minute=3)
    scene.load("b", (0, "N", 3.0), minute=1)
    assert scene.readings == {(0, "N"): 1.0}
    scene.load("a", minute=4)
    assert scene.readings == {(0, "N"): 3.0}


def test_what_gives_way_gives_way_in_its_last_version(scene: Scene) -> None:
    scene.load("new", (0, "N", 9.0), minute=9)
    scene.load("old", (0, "N", 1.0), (1, "N", 1.0), minute=1)
    scene.load("old", (0, "N", 2.0), minute=2)
    scene.load("new", minute=10)
    assert scene.readings == {(0, "N"): 2.0}


def test_of_the_rows_with_one_key_the_first_counts(scene: Scene) -> None:
    ended = scene.load("a", (0, "N", 1.0), (0, "N", 2.0), (0, "S", 3.0), (0, "N", 1.0))
    assert scene.readings == {(0, "N"): 1.0, (0, "S"): 3.0}
    assert (ended.counts.loaded, ended.counts.rejected) == (2, 2)


def test_datasets_are_kept_apart(migrated: Sandbox, load: LoadRunner, tmp_path: Path) -> None:
    for number, dataset in enumerate(("generation", "consumption", "transmission")):
        drop = Drop(tmp_path, dataset)
        drop.put("a", [(0, "N", float(number))], number)
        load(str(drop.path("a")))
    drop.put("a", [], 9)
    load(str(drop.path("a")))
    assert readings_in(migrated, "generation") == {(0, "N"): 0.0}
    assert readings_in(migrated, "consumption") == {(0, "N"): 1.0}
    assert readings_in(migrated, "transmission") == {}


def test_a_measurement_that_somebody_else_wrote_gives_way(
    migrated: Sandbox, load: LoadRunner, tmp_path: Path
) -> None:
    migrated.rows(
        "INSERT INTO iot_data.timescale_measurements (time, device_id, parameter_id, value) "
        "VALUES (%s, 'N', 'temperature', 5), (%s, 'N', 'temperature', 5)",
        (START, START + timedelta(hours=1)),
    )
    drop = Drop(tmp_path, "measurements")
    drop.put("a", [(0, "N", 1.0)])
    load(str(drop.path("a")))
    assert readings_in(migrated, "measurements") == {(0, "N"): 1.0, (1, "N"): 5.0}


def test_a_measurement_dropped_meanwhile_is_not_brought_back(
    migrated: Sandbox, load: LoadRunner, tmp_path: Path
) -> None:
    """A retention policy may have dropped rows. A changed file can be loaded all the same."""
    drop = Drop(tmp_path, "measurements")
    drop.put("a", [(0, "N", 1.0), (1, "N", 1.0)])
    load(str(drop.path("a")))
    migrated.rows("DELETE FROM iot_data.timescale_measurements")
    drop.put("a", [(1, "N", 2.0)], 1)
    load(str(drop.path("a")))
    assert readings_in(migrated, "measurements") == {(1, "N"): 2.0}


def test_a_measurement_dropped_meanwhile_is_not_replaced_by_an_older_one(
    migrated: Sandbox, load: LoadRunner, tmp_path: Path
) -> None:
    scene = Scene(migrated, load, Drop(tmp_path, "measurements"))
    scene.load("new", (0, "N", 2.0), minute=2)
    migrated.rows("DELETE FROM iot_data.timescale_measurements")
    assert scene.load("old", (0, "N", 1.0), minute=1).counts.shadowed == 1
    assert scene.readings == {}


def test_readings_in_compressed_chunks_are_replaced_like_others(
    migrated: Sandbox, load: LoadRunner, tmp_path: Path
) -> None:
    migrated.expect_rebuild()
    scene = Scene(migrated, load, Drop(tmp_path, "generation"))
    scene.load("a", (0, "N", 1.0), (1, "N", 1.0), (0, "S", 1.0))
    scene.load("b", (1, "N", 2.0), minute=1)
    migrated.rows(
        "ALTER TABLE iot_data.energy_readings SET (timescaledb.compress, "
        "timescaledb.compress_segmentby = 'dataset, region, energy_source, measurement_type', "
        "timescaledb.compress_orderby = 'time')"
    )
    migrated.rows("SELECT compress_chunk(chunk) FROM show_chunks('iot_data.energy_readings') chunk")
    scene.load("a", (0, "S", 3.0), (2, "S", 3.0), (1, "N", 3.0), minute=2)
    assert scene.readings == {(0, "S"): 3.0, (2, "S"): 3.0, (1, "N"): 3.0}
    scene.load("a", minute=3)
    assert scene.readings == {(1, "N"): 2.0}
