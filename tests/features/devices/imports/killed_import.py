"""Goes on with imports and kills itself at a boundary, as a power failure would.

python -m tests.features.devices.imports.killed_import committed:add_rows
"""

import sys
from pathlib import Path
from unittest import mock

import chalicelib.features.devices.imports as imports
from chalicelib.features.devices.imports import batches
from chalicelib.features.devices.imports.invocations import register_imports
from tests.interruption import die, interrupted_at

QUERIES = Path(imports.__path__[0]) / "queries.sql"
# Small, so that a short file has several batches.
ROWS = 4


def main(boundary: str) -> None:
    with mock.patch.object(batches, "BATCH_ROWS", ROWS), interrupted_at(QUERIES, boundary, die):
        register_imports(None)


if __name__ == "__main__":
    main(*sys.argv[1:])
