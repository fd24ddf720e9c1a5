"""Which dataset a key belongs to, and which keys are never loaded."""

import subprocess
import sys

import pytest

from chalicelib.features.parquet_loads.errors import UnknownDatasetError
from chalicelib.features.parquet_loads.model import (
    Dataset,
    dataset_of,
    is_rejects_key,
    rejected_key,
)
from tests.sandbox import PROJECT


@pytest.mark.parametrize(
    ("key", "dataset"),
    [
        ("dataset=generation/year=2024/file.parquet", Dataset.GENERATION),
        ("processed/dataset=consumption/file.parquet", Dataset.CONSUMPTION),
        ("dataset=transmission/a file.parquet", Dataset.TRANSMISSION),
        ("a/b/dataset=measurements/x=dataset=generation/f", Dataset.MEASUREMENTS),
    ],
)
def test_the_folder_names_the_dataset(key: str, dataset: Dataset) -> None:
    assert dataset_of(key) is dataset
    assert dataset.is_energy is (dataset is not Dataset.MEASUREMENTS)


@pytest.mark.parametrize(
    "key",
    [
        *("", "file.parquet", "generation/file.parquet", "dataset=generation", "dataset=/f"),
        *("dataset=Generation/f", "dataset=weather/f", "mydataset=generation/f"),
        *(
            "dataset%3Dgeneration/f",
            "dataset=generation /f",
            "dataset=generation/dataset=weather/f",
        ),
    ],
)
def test_a_key_without_a_known_dataset_is_refused(key: str) -> None:
    with pytest.raises(UnknownDatasetError) as raised:
        dataset_of(key)
    assert raised.value.code == "UNKNOWN_DATASET"


def test_rejects_lie_beside_their_source_and_are_never_loaded() -> None:
    key = "dataset=generation/year=2024/file.parquet"
    assert rejected_key(key) == "rejected/dataset=generation/year=2024/file.parquet"
    assert is_rejects_key(rejected_key(key))
    assert not is_rejects_key(key)
    assert not is_rejects_key("dataset=generation/rejected/file.parquet")


@pytest.mark.parametrize("module", ["app", "chalicelib.features.parquet_loads.model"])
def test_modules_that_every_function_imports_do_not_import_arrow(module: str) -> None:
    code = f"import sys, {module}; sys.exit(any('pyarrow' in name for name in sys.modules))"
    command = [sys.executable, "-c", code]
    assert subprocess.run(command, cwd=PROJECT, timeout=60).returncode == 0
