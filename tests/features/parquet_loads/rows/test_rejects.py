"""Rejected rows come out as they went in, with their reasons, in a file of their own."""

from io import BytesIO
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from chalicelib.features.parquet_loads.errors import FileTooLargeError
from chalicelib.features.parquet_loads.model import Dataset
from chalicelib.features.parquet_loads.parquet.read import open_parquet
from chalicelib.features.parquet_loads.rows.duplicates import MAX_ROWS, Duplicates
from chalicelib.features.parquet_loads.rows.model import Reason
from chalicelib.features.parquet_loads.rows.rejects_writer import RejectsWriter
from chalicelib.features.parquet_loads.rows.validation import Validator
from tests.features.parquet_loads.files import load, table, written

ENERGY, MEASUREMENTS = Dataset.GENERATION, Dataset.MEASUREMENTS


def rejects_of(data: bytes, target: Any, dataset: Dataset = ENERGY) -> RejectsWriter:
    validator = Validator(dataset)
    with open_parquet(BytesIO(data)) as source, RejectsWriter(target, source.schema) as rejects:
        for first_row, batch in source.batches():
            rejects.write(validator.check(batch, first_row).rejected)
    return rejects


def test_a_row_keeps_all_its_columns_and_gets_its_number_and_reason() -> None:
    content = table(
        region=["SE", "", "NO", None],
        value=[1.0, 2.0, float("inf"), 4.0],
        quality_flag=["good", "good", "great", "good"],
    )
    target = BytesIO()
    rejects = rejects_of(written(content), target)
    rows = pq.read_table(target).to_pylist()
    assert [row["row_number"] for row in rows] == [1, 2, 3]
    assert [row["reason"] for row in rows] == ["empty_text", "not_finite", "missing"]
    assert rows[1]["detail"] == (
        "value is not finite; quality_flag is not one of good, estimated, suspect, bad"
    )
    assert [{name: row[name] for name in content.column_names} for row in rows] == (
        content.take([1, 2, 3]).to_pylist()
    )
    assert rejects.counts == {Reason.EMPTY_TEXT: 1, Reason.NOT_FINITE: 1, Reason.MISSING: 1}
    assert rejects.count == 3


def test_without_rejected_rows_there_is_no_file(tmp_path: Path) -> None:
    rejects = rejects_of(written(table(rows=3)), tmp_path / "rejects.parquet")
    assert rejects.count == 0
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "column",
    [
        pa.array(["", None, "x"], pa.string_view()),
        pa.array(["", None, "x"], pa.large_string()),
        pa.array(["", None, "x"]).dictionary_encode(),
    ],
    ids=lambda column: str(column.type),
)
def test_any_kind_of_text_can_be_rejected(column: pa.Array) -> None:
    target = BytesIO()
    rejects_of(written(table(region=column)), target)
    assert pq.read_table(target).column("region").to_pylist() == ["", None]


def test_of_a_huge_text_the_rejects_show_the_beginning() -> None:
    target = BytesIO()
    rejects_of(written(table(region=["x" * 2**20, "y" * 600])), target)
    shown, whole = pq.read_table(target).column("region").to_pylist()
    assert shown == "x" * 16_384 + "…"
    assert whole == "y" * 600


def test_rejects_of_many_batches_are_one_file_of_few_row_groups() -> None:
    regions = [f"region {n}" if n % 2 else "" for n in range(70_000)]
    target = BytesIO()
    rejects = rejects_of(written(table(region=regions)), target)
    file = pq.ParquetFile(target)
    assert (rejects.count, file.metadata.num_rows) == (35_000, 35_000)
    assert file.metadata.num_row_groups == 1


def test_the_rejects_of_a_file_with_a_zone_of_its_own_keep_it() -> None:
    stamps = pa.array([None, 1], pa.timestamp("ns", "Europe/Stockholm"))
    target = BytesIO()
    rejects_of(written(table(timestamp=stamps)), target)
    assert pq.read_schema(target).field("timestamp").type == stamps.type


@pytest.mark.parametrize("dataset", [ENERGY, MEASUREMENTS])
def test_of_the_rows_with_one_key_the_first_stays(dataset: Dataset) -> None:
    """The values of the later rows do not matter, nor how their instant is written."""
    time, id_column = ("timestamp", "region") if dataset.is_energy else ("time", "device_id")
    stamps = ["2024-01-01T00:00:00Z"] * 4 + ["2024-01-01T01:00:00+01:00"]
    ids = ["a", "b", "a", "a", "b"]
    columns: dict[str, Any] = {time: stamps, id_column: ids, "value": [1, 2, 1, 9, 2]}
    content = table(dataset, **columns)
    outcome = load(written(content, row_group_size=1), dataset, with_duplicates=True)
    assert [row["value"] for row in outcome.good] == [1, 2]
    assert outcome.reasons == {2: "duplicate", 3: "duplicate", 4: "duplicate"}


def test_a_bad_row_does_not_stand_in_the_way_of_a_good_one() -> None:
    outcome = load(written(table(value=[None, 1.0])), with_duplicates=True)
    assert outcome.reasons == {0: "missing"}


def test_keys_that_run_together_are_kept_apart() -> None:
    content = table(energy_source=["a", "ab"], measurement_type=["bc", "c"])
    assert len(load(written(content), with_duplicates=True).good) == 2


def test_every_key_of_a_file_is_remembered_in_twenty_bytes_a_row() -> None:
    rows = 40_000
    regions = [f"region {n}" for n in range(rows // 2)] * 2
    outcome = load(written(table(region=regions)), with_duplicates=True)
    assert [row["row_number"] for row in outcome.good] == list(range(rows // 2))
    assert len(outcome.rejected) == rows // 2
    assert Duplicates(ENERGY, 1_000_000).memory_bytes == pytest.approx(20_000_000, rel=0.01)


def test_a_file_with_more_keys_than_can_be_remembered_is_refused() -> None:
    with pytest.raises(FileTooLargeError, match=str(MAX_ROWS)):
        Duplicates(ENERGY, MAX_ROWS + 1)


def test_duplicates_that_the_database_found_are_written_from_the_file() -> None:
    content = table(region=[f"region {n}" for n in range(20)])
    target = BytesIO()
    with (
        open_parquet(BytesIO(written(content, row_group_size=6))) as source,
        RejectsWriter(target, source.schema) as rejects,
    ):
        rejects.write_duplicates(source, pa.array([3, 17]))
    rows = pq.read_table(target).to_pylist()
    assert [(row["row_number"], row["region"]) for row in rows] == [
        (3, "region 3"),
        (17, "region 17"),
    ]
    assert rejects.counts == {Reason.DUPLICATE: 2}
