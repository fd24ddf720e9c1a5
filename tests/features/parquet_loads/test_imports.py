"""What a cold start must not import."""

import subprocess
import sys

import pytest

from tests.sandbox import PROJECT


@pytest.mark.parametrize(
    ("module", "heavy"),
    [
        ("app", {"pyarrow", "boto3"}),
        ("chalicelib.features.parquet_loads.settings", {"pyarrow", "boto3"}),
        ("chalicelib.features.parquet_loads.timestream.writer", {"boto3", "botocore"}),
    ],
)
def test_a_module_is_imported_without_the_heavy_ones_it_does_not_need(
    module: str, heavy: set[str]
) -> None:
    code = f"import sys, {module}; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", code], cwd=PROJECT, capture_output=True, text=True, check=True
    )
    assert heavy & set(loaded.stdout.split()) == set()
