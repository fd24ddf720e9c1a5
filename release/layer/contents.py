"""Which files of pyarrow's wheel are needed to read Parquet; a third of the wheel stays behind.

What stays behind is above all Flight (a server), S3 and the other remote file systems (S3 is read
through the SDK that Lambda has), ORC, Feather and JSON, encryption, three copies of two libraries,
headers, Cython sources and tests.
"""

import re
from pathlib import Path, PurePosixPath

from release import contents

# The extension modules that are imported: `lib` by every other, `_fs` by `pyarrow.parquet`, the
# rest by the module of their name. `_csv` writes what COPY reads.
_EXTENSIONS = ("lib", "_compute", "_csv", "_fs", "_parquet")
# Each is named as needed by `lib`, though nothing here is computed by Acero or Substrait.
_LIBRARIES = (
    *("libarrow", "libarrow_acero", "libarrow_compute", "libarrow_dataset"),
    *("libarrow_python", "libarrow_substrait", "libparquet"),
)
# As the loader looks for it: `libarrow.so.2600`. The same file comes as `.so` and `.so.2600.1.0`.
_LIBRARY_FILE = re.compile(r"(\w+)\.so\.\d+")
_EXTENSION_FILE = re.compile(r"(\w+)\.cpython-\d+-[\w-]+\.so")
_LEFT_OUT_FOLDERS = ("include", "includes", "src", "tests")


def leave_out_what_reads_no_parquet(root: Path) -> None:
    """Remove below *root*, an unpacked wheel, what the loads do not need; licences stay."""
    contents.keep_only(root, is_needed)


def is_needed(name: PurePosixPath) -> bool:
    """Whether the file *name* of the wheel goes into the layer."""
    if name.parts[0].endswith(".dist-info"):
        return contents.is_needed(name)
    if any(folder in _LEFT_OUT_FOLDERS for folder in name.parts[1:-1]):
        return False
    if library := _LIBRARY_FILE.fullmatch(name.name):
        return library[1] in _LIBRARIES
    if extension := _EXTENSION_FILE.fullmatch(name.name):
        return extension[1] in _EXTENSIONS
    return name.suffix == ".py" and name.name != "conftest.py"
