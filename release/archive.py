"""The zip: read once, written so that the same files give the same bytes."""

from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

# The first instant that a zip can name.
_TIMESTAMP = (1980, 1, 1, 0, 0, 0)
_UNIX = 3
# Lambda runs the code as another user than the one who owns it.
_READABLE, _EXECUTABLE = 0o100644, 0o100755


def unpack(archive: Path, target: Path) -> None:
    """Everything in *archive*, below *target*."""
    with ZipFile(archive) as zipped:
        zipped.extractall(target)


def pack(root: Path, archive: Path) -> None:
    """Write *archive* anew from the files below *root*: in the order of their names, undated."""
    names = sorted(path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file())
    with ZipFile(archive, "w", ZIP_DEFLATED) as zipped:
        for name in names:
            zipped.writestr(_entry(name), (root / name).read_bytes(), ZIP_DEFLATED)


def _entry(name: str) -> ZipInfo:
    entry = ZipInfo(name, _TIMESTAMP)
    entry.create_system = _UNIX
    mode = _EXECUTABLE if name.endswith(".so") or ".so." in name else _READABLE
    entry.external_attr = mode << 16
    return entry


def sizes(archive: Path) -> dict[str, int]:
    """Bytes of each file in *archive* once it is unpacked."""
    with ZipFile(archive) as zipped:
        return {entry.filename: entry.file_size for entry in zipped.infolist()}
