"""Small files that are made to fill the memory are judged within it, or refused."""

import os
import resource
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pytest

from chalicelib.features.parquet_loads.errors import FileTooLargeError
from tests.features.parquet_loads.files import load, table, written
from tests.sandbox import PROJECT

LIMITED = """
import resource, sys
resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30))
from tests.features.parquet_loads.files import load
load(open(sys.argv[1], "rb").read())
"""
# What the process has when it is asked to load is less than in Lambda, where it has a driver too.
MEASURED = """
import pathlib, sys
from tests.features.parquet_loads.rows.test_rejects import rejects_of
try:
    rejects_of(pathlib.Path(sys.argv[1]).read_bytes(), sys.argv[2])
except Exception as error:
    print(error, file=sys.stderr)
status = pathlib.Path("/proc/self/status").read_text()
print(next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM:")))
"""


def test_a_page_that_would_fill_the_memory_is_refused_by_its_header() -> None:
    bomb = written(table(region=["x" * 150 * 2**20]), compression="zstd", write_statistics=False)
    assert len(bomb) < 50_000
    before = _peak()
    with pytest.raises(FileTooLargeError, match="the pages of a row group"):
        load(bomb)
    assert _peak() - before < 64 * 2**20


def test_how_large_pages_may_be_depends_on_the_function(monkeypatch: pytest.MonkeyPatch) -> None:
    data = written(table(region=["x" * 30 * 2**20]), compression="zstd", use_dictionary=False)
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256")
    with pytest.raises(FileTooLargeError):
        load(data)
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "512")
    assert load(data).reasons == {0: "text_too_long"}


def _texts(size: int, count: int, byte: bytes) -> pa.LargeStringArray:
    """Many different texts of one length, which may not be UTF-8."""
    offsets = b"".join((number * size).to_bytes(8, "little") for number in range(count + 1))
    data = b"".join(b"%08d" % number + byte * (size - 8) for number in range(count))
    return pa.LargeStringArray.from_buffers(count, pa.py_buffer(offsets), pa.py_buffer(data))


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="peak memory is read from /proc")
@pytest.mark.parametrize("is_dictionary", [False, True])
@pytest.mark.parametrize("megabytes", [16, 45])
@pytest.mark.parametrize(
    ("size", "byte"),
    [(400, b"x"), (400, b"\xff"), (16_000, b"\xff"), (2**24, b"x"), (2**24, b"\xff")],
)
def test_every_page_that_is_read_is_judged_within_the_functions_memory(
    size: int, byte: bytes, megabytes: int, is_dictionary: bool, tmp_path: Path
) -> None:
    texts = _texts(size, max(1, megabytes * 2**20 // size), byte)
    if is_dictionary:
        texts = pa.DictionaryArray.from_arrays(pa.array(range(len(texts)), pa.int32()), texts)
    options = {"data_page_size": 2**30, "dictionary_pagesize_limit": 2**30, "compression": "zstd"}
    data = written(table(region=texts), use_dictionary=is_dictionary, **options)
    (tmp_path / "bomb").write_bytes(data)
    peak = peak_of_load(tmp_path / "bomb", megabytes_of_function=512)
    assert peak < 400 * 2**20


def bombs() -> dict[str, pa.Table]:
    """Small files whose columns are gigabytes when every row is spelled out."""
    indices = pa.array([0] * 20_000, pa.int32())
    repeated = pa.DictionaryArray.from_arrays(indices, pa.array(["y" * 2**20]))
    return {
        "one long text, referred to": {"region": repeated},
        "one long value of many, in text": {"timestamp": repeated},
    }


@pytest.mark.parametrize("name", bombs())
def test_a_column_that_expands_beyond_memory_is_judged_within_it(name: str, tmp_path: Path) -> None:
    bomb = table(**bombs()[name])
    options = {"compression": "zstd", "write_statistics": False, "store_schema": False}
    (tmp_path / "bomb").write_bytes(written(bomb, **options))
    _within_a_gigabyte(tmp_path / "bomb")


def test_texts_that_begin_alike_are_judged_within_memory(tmp_path: Path) -> None:
    alike = pa.array(["z" * 2**18 + str(n) for n in range(1_500)])
    data = written(
        table(region=alike),
        use_dictionary=False,
        column_encoding={"region": "DELTA_BYTE_ARRAY"},
        compression="zstd",
        write_statistics=False,
    )
    (tmp_path / "bomb").write_bytes(data)
    _within_a_gigabyte(tmp_path / "bomb")


def _peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def peak_of_load(path: Path, megabytes_of_function: int) -> int:
    """The peak memory, in bytes, of a process that judges the file and writes its rejects."""
    command = [sys.executable, "-c", MEASURED, str(path), str(path.with_name("rejects"))]
    environment = {**os.environ, "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(megabytes_of_function)}
    ended = subprocess.run(
        command, cwd=PROJECT, env=environment, capture_output=True, text=True, timeout=120
    )
    assert ended.returncode == 0, ended.stderr
    return int(ended.stdout) * 1024


def _within_a_gigabyte(path: Path) -> None:
    command = [sys.executable, "-c", LIMITED, str(path)]
    ended = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, timeout=120)
    assert ended.returncode == 0, ended.stderr
