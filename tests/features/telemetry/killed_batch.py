"""Stores a batch of a stream and kills itself at a boundary, as a power failure would.

python -m tests.features.telemetry.killed_batch after:store_readings '{"Records": []}'
"""

import json
import sys
from pathlib import Path

import chalicelib.features.telemetry as telemetry
from chalicelib.features.telemetry.invocations import consume_stream
from tests.interruption import die, interrupted_at

QUERIES = Path(telemetry.__path__[0]) / "queries.sql"


def main(boundary: str, event: str) -> None:
    with interrupted_at(QUERIES, boundary, die):
        consume_stream(json.loads(event), None)


if __name__ == "__main__":
    main(*sys.argv[1:])
