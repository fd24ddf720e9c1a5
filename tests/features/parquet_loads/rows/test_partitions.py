"""A column that the file leaves out comes from the folders of its key."""

from io import BytesIO
from typing import Any

import pyarrow.parquet as pq
import pytest

from chalicelib.features.parquet_loads.errors import SchemaMismatchError
from chalicelib.features.parquet_loads.model import Dataset
from chalicelib.features.parquet_loads.parquet.read import open_parquet
from chalicelib.features.parquet_loads.rows.partitions import partition_columns
from chalicelib.features.parquet_loads.rows.rejects_writer import RejectsWriter
from chalicelib.features.parquet_loads.rows.schema import require_columns
from chalicelib.features.parquet_loads.rows.validation import Validator
from tests.features.parquet_loads.files import table, written


def judge(key: str, dataset: Dataset = Dataset.GENERATION, **columns: Any) -> tuple[Any, Any]:
    """The good rows and the rejected ones of a file at *key*."""
    good: list[Any] = []
    target, validator = BytesIO(), Validator(dataset)
    with open_parquet(BytesIO(written(table(dataset, **columns)))) as source:
        source.complete(partition_columns(dataset, key))
        require_columns(dataset, source.schema)
        with RejectsWriter(target, source.schema) as rejects:
            for first_row, batch in source.batches():
                checked = validator.check(batch, first_row)
                rejects.write(checked.rejected)
                good += checked.good.to_pylist()
    return good, pq.read_table(target).to_pylist() if rejects.count else []


@pytest.mark.parametrize(
    ("folder", "region"),
    [
        ("region=SE", "SE"),
        ("region=a%2Fb", "a/b"),
        ("region=%C3%85land", "Åland"),
        ("region=a=b", "a=b"),
        ("region=1+1", "1+1"),
    ],
)
def test_text_comes_from_the_folder(folder: str, region: str) -> None:
    key = f"lake/dataset=generation/year=2024/{folder}/part-0.parquet"
    good, _ = judge(key, region=None, value=[1.0, 2.0])
    assert [(row["region"], row["value"]) for row in good] == [(region, 1.0), (region, 2.0)]


def test_a_column_of_the_file_counts_more_than_a_folder() -> None:
    good, _ = judge("dataset=generation/region=SE/f", region=["NO"])
    assert good[0]["region"] == "NO"


def test_the_value_of_a_folder_is_judged_and_kept_with_the_rejected_rows() -> None:
    for folder in ("region=__HIVE_DEFAULT_PARTITION__", "region=", "region=%FF%00"):
        good, rejected = judge(f"dataset=generation/{folder}/f", region=None)
        assert good == []
        assert "region" in rejected[0]
    _, [row] = judge("dataset=generation/region=SE/f", region=None, value=[float("inf")])
    assert (row["region"], row["reason"]) == ("SE", "not_finite")


def test_instants_and_quality_come_from_folders_as_well() -> None:
    key = "dataset=measurements/time=2024-01-01 00%3A00%3A00Z/quality=-1/f"
    [row], _ = judge(key, Dataset.MEASUREMENTS, time=None, quality=None)
    assert (row["time"].isoformat(), row["quality"]) == ("2024-01-01T00:00:00+00:00", -1)
    key = "dataset=measurements/quality=__HIVE_DEFAULT_PARTITION__/f"
    [row], _ = judge(key, Dataset.MEASUREMENTS, quality=None)
    assert row["quality"] is None


@pytest.mark.parametrize(
    "key",
    [
        *(
            "dataset=generation/f",
            "dataset=generation/regions=SE/f",
            "dataset=generation/region=SE",
        ),
        "dataset=generation/region=SE/region=NO/f",
    ],
)
def test_a_column_that_no_folder_names_is_missing(key: str) -> None:
    with pytest.raises(SchemaMismatchError, match=r"missing: region; a folder .* region=…/"):
        judge(key, region=None)


def test_a_folder_of_no_number_is_a_wrong_type() -> None:
    with pytest.raises(SchemaMismatchError, match="quality is string, not an integer"):
        judge("dataset=measurements/quality=low/f", Dataset.MEASUREMENTS, quality=None)
