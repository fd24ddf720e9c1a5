"""A file a hundred times larger takes no more memory, only more time."""

import json
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from chalicelib.features.parquet_loads.model import Dataset
from tests.features.parquet_loads.files import table
from tests.sandbox import PROJECT

SMALL = 20_000
# What the allocator keeps varies by some megabytes; the large file's ids alone are two hundred.
TOLERANCE_KB = 40 * 1024
READ = """
import json, pathlib, sys
from chalicelib.features.parquet_loads.model import Dataset
from chalicelib.features.parquet_loads.parquet.read import open_parquet
from chalicelib.features.parquet_loads.rows.validation import Validator

validator = Validator(Dataset.MEASUREMENTS)
with open_parquet(sys.argv[1]) as source:
    good = sum(len(validator.check(batch, row).good) for row, batch in source.batches())
status = pathlib.Path("/proc/self/status").read_text()
peak = next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM:"))
print(json.dumps([good, int(peak)]))
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="peak memory is read from /proc")
@pytest.mark.parametrize("row_group_size", [100_000, 10_000_000])
def test_a_file_a_hundred_times_larger_takes_no_more_memory(
    row_group_size: int, tmp_path: Path
) -> None:
    peaks = []
    for rows in (SMALL, 100 * SMALL):
        path = tmp_path / f"{rows}.parquet"
        _write(path, rows, row_group_size)
        good, peak = _read(path)
        assert good == rows
        peaks.append(peak)
    assert peaks[1] - peaks[0] < TOLERANCE_KB, peaks


def _write(path: Path, rows: int, row_group_size: int) -> None:
    """No id repeats, so that a dictionary of them would grow and grow."""
    numbers = pa.arange(0, rows)
    ids = pc.binary_join_element_wise("device", numbers.cast(pa.string()), "-" * 80)
    usual = table(Dataset.MEASUREMENTS).to_pylist()[0]
    columns = {name: pa.repeat(pa.scalar(value), rows) for name, value in usual.items()}
    content = pa.table({**columns, "device_id": ids})
    pq.write_table(content, path, row_group_size=row_group_size, use_dictionary=False)


def _read(path: Path) -> tuple[int, int]:
    command = [sys.executable, "-c", READ, str(path)]
    output = subprocess.run(command, cwd=PROJECT, capture_output=True, check=True, timeout=120)
    good, peak = json.loads(output.stdout)
    return good, peak
