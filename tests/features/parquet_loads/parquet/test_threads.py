"""A load starts no thread of Arrow's.

One that still holds the Python file when the interpreter ends aborts the process, after everything
was done: https://github.com/apache/arrow/issues/34314.
"""

import math
import subprocess
import sys
from pathlib import Path

import pytest

from chalicelib.features.parquet_loads.model import Dataset
from tests.features.parquet_loads.files import table, written
from tests.sandbox import PROJECT

READ = """
import os, sys
from chalicelib.features.parquet_loads.model import Dataset
from chalicelib.features.parquet_loads.parquet.read import open_parquet
from chalicelib.features.parquet_loads.rows.rejects_writer import RejectsWriter
from chalicelib.features.parquet_loads.rows.validation import Validator

def threads():
    return set(os.listdir("/proc/self/task"))

before = threads()
validator = Validator(Dataset.MEASUREMENTS)
with (
    open(sys.argv[1], "rb") as file,
    open(sys.argv[2], "wb") as target,
    open_parquet(file) as source,
    RejectsWriter(target, source.schema) as rejects,
):
    for row, batch in source.batches():
        rejects.write(validator.check(batch, row).rejected)
print(rejects.count, len(threads() - before))
"""


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="threads are counted in /proc")
def test_reading_and_rejecting_start_no_thread(tmp_path: Path) -> None:
    source = tmp_path / "source.parquet"
    source.write_bytes(written(table(Dataset.MEASUREMENTS, value=[1.5, math.nan] * 500)))
    command = [sys.executable, "-c", READ, str(source), str(tmp_path / "rejected.parquet")]
    output = subprocess.run(command, cwd=PROJECT, capture_output=True, timeout=60, check=True)
    assert output.stdout.decode().split() == ["500", "0"]
