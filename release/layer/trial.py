"""Run by an interpreter that sees the package and the layer only: do the loads find what they use?

`python -I -S trial.py TASK_ROOT LAYER MODULE…`
"""

import sys
from importlib import import_module
from io import BytesIO

# What writers of Parquet compress with.
CODECS = ("none", "snappy", "gzip", "zstd", "brotli", "lz4")


def main(task_root: str, layer: str, *modules: str) -> None:
    """Import *modules* of the application, then write and read with every codec."""
    # In the order in which Lambda looks.
    sys.path[:0] = [task_root, layer]
    for module in modules:
        import_module(module)
    for codec in CODECS:
        _try_codec(codec)


def _try_codec(codec: str) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    file = BytesIO()
    table = pa.table({"device_id": ["a", "b"], "value": [1.5, 2.5]})
    pq.write_table(table, file, compression=codec)
    file.seek(0)
    # As the loads read it: without Arrow's threads, of which one that still holds the Python file
    # when the interpreter ends aborts the process (https://github.com/apache/arrow/issues/34314).
    if not pq.ParquetFile(file, pre_buffer=False).read(use_threads=False).equals(table):
        raise AssertionError(f"what was written with {codec} is read as something else")


if __name__ == "__main__":
    main(*sys.argv[1:])
