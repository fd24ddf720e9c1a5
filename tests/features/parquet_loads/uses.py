"""What the suite over all features cannot read from the declarations of loads."""

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.features.parquet_loads.drop import Drop, Reading
from tests.roles.doing import command, listening_bus, nothing_waits, reasons_are_written_down
from tests.sandbox import Sandbox

# Added, displaced by a newer object, corrected, withdrawn, and wanted again.
_LIFE: tuple[tuple[str, list[Reading], int], ...] = (
    ("first", [(0, "x", 1.0), (1, "x", 2.0)], 0),
    ("newer", [(0, "x", 3.0), (2, "x", 4.0)], 1),
    ("older", [(2, "x", 5.0)], 0),
    ("first", [(1, "x", 6.0)], 2),
    ("newer", [(3, "x", 7.0)], 3),
)


def loads(sandbox: Sandbox) -> Iterator[str]:
    """Files that come, overlap, change, cannot be read, and are announced or not."""
    with TemporaryDirectory() as folder, listening_bus() as stop_listening:
        for dataset in ("generation", "measurements"):
            yield from _life_of(Drop(Path(folder), dataset))
        yield from nothing_waits(sandbox)
        stop_listening()
        yield from _load(Drop(Path(folder), "measurements"), "late", [(9, "x", 1.0)], 9)
        yield from reasons_are_written_down(sandbox)


# What the other functions do with loads is to list them.
USES = {"loader": loads}


def _life_of(drop: Drop) -> Iterator[str]:
    for name, readings, minute in _LIFE:
        yield from _load(drop, name, readings, minute)
    drop.path("broken").write_bytes(b"no Parquet")
    yield from command("load", str(drop.path("broken")), exit_code=1)


def _load(drop: Drop, name: str, readings: list[Reading], minute: int) -> Iterator[str]:
    drop.put(name, readings, minute)
    yield from command("load", str(drop.path(name)))
