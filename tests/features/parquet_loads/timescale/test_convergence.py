"""Loading any files, in any order, twice and at once, equals loading each of them once."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chalicelib.features.parquet_loads.model import LoadStatus, Location
from tests.features.parquet_loads.conftest import LoadRunner
from tests.features.parquet_loads.drop import Drop, Reading, merged, readings_in
from tests.sandbox import Sandbox

DATASETS = ("generation", "measurements")
NAMES = "abc"

# Few keys and few minutes, so that files overlap and tie; of two chunks.
readings = st.lists(
    st.tuples(st.sampled_from((0, 2000)), st.sampled_from("NS"), st.integers(0, 99).map(float)),
    max_size=4,
)
versions = st.tuples(st.sampled_from(NAMES), st.integers(0, 2), readings)
# Whether it is loaded before the next step.
steps = st.lists(st.tuples(versions, st.booleans()), min_size=3, max_size=12)
EXAMPLES = settings(
    max_examples=100,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
# Loads in any order are part of the steps as well; what this adds is that each is done twice.
FEWER_EXAMPLES = settings(EXAMPLES, max_examples=40)


@pytest.mark.parametrize("dataset", DATASETS)
@EXAMPLES
@given(steps=steps)
def test_the_tables_hold_what_the_loaded_versions_say(
    migrated: Sandbox,
    load: LoadRunner,
    dataset: str,
    steps: list[tuple[tuple[str, int, list[Reading]], bool]],
) -> None:
    """Of every file's versions some are never loaded, and all files are at the end."""
    migrated.migrate()
    written: dict[str, tuple[int, list[Reading]]] = {}
    loaded: dict[str, tuple[int, list[Reading]]] = {}

    def load_and_compare(name: str) -> None:
        ended = load(str(drop.path(name)), max_rejected_percent=100)
        assert ended.status is LoadStatus.SUCCEEDED
        loaded[name] = written[name]
        assert readings_in(migrated, dataset) == merged(loaded)

    with TemporaryDirectory() as directory:
        drop = Drop(Path(directory), dataset)
        for (name, minute, rows), is_loaded in steps:
            drop.put(name, rows, minute)
            written[name] = (minute, rows)
            if is_loaded:
                load_and_compare(name)
        for name in written:
            load_and_compare(name)


@pytest.mark.parametrize("dataset", DATASETS)
@FEWER_EXAMPLES
@given(
    files=st.dictionaries(st.sampled_from("abcd"), st.tuples(st.integers(0, 2), readings)),
    data=st.data(),
)
def test_the_order_of_loads_makes_no_difference(
    migrated: Sandbox,
    load: LoadRunner,
    dataset: str,
    files: dict[str, tuple[int, list[Reading]]],
    data: st.DataObject,
) -> None:
    migrated.migrate()
    order = data.draw(st.permutations([*files, *files]))
    with TemporaryDirectory() as directory:
        drop = Drop(Path(directory), dataset)
        for name, (minute, rows) in files.items():
            drop.put(name, rows, minute)
        for name in order:
            load(str(drop.path(name)), max_rejected_percent=100)
    assert readings_in(migrated, dataset) == merged(files)
    assert migrated.value("SELECT count(*) FROM iot_data.parquet_loads") == len(files)


@pytest.mark.postgresql
@pytest.mark.parametrize("dataset", DATASETS)
def test_loads_at_the_same_time_make_no_difference(
    migrated: Sandbox, load: LoadRunner, dataset: str, tmp_path: Path
) -> None:
    drop = Drop(tmp_path, dataset)
    files = {
        f"f{number}": (
            number % 3,
            [(hour, place, float(number)) for hour in range(number, number + 40) for place in "NS"],
        )
        for number in range(12)
    }
    for name, (minute, rows) in files.items():
        drop.put(name, rows, minute)
    paths = [str(drop.path(name)) for name in files] * 3
    with ThreadPoolExecutor(4) as pool:
        ended = list(pool.map(load, paths))
    assert {each.status for each in ended} == {LoadStatus.SUCCEEDED}
    assert readings_in(migrated, dataset) == merged(files)
    assert migrated.value("SELECT count(*) FROM iot_data.parquet_loads") == len(files)


@pytest.mark.postgresql
@pytest.mark.parametrize("dataset", DATASETS)
def test_files_that_change_while_they_are_loaded_end_as_they_are_at_last(
    migrated: Sandbox, load: LoadRunner, dataset: str, tmp_path: Path
) -> None:
    drop = Drop(tmp_path, dataset)
    written: dict[str, tuple[int, list[Reading]]] = {}

    def change(minute: int) -> Location:
        name = NAMES[minute % len(NAMES)]
        rows = [(hour, "N", float(minute)) for hour in range(minute, minute + 30)]
        written[name] = (minute, rows)
        return drop.put(name, rows, minute)

    for minute in range(6):
        change(minute)
        paths = [str(drop.path(name)) for name in written]
        with ThreadPoolExecutor(3) as pool:
            list(pool.map(load, paths * 2))
    assert readings_in(migrated, dataset) == merged(written)
