"""A development server in the foreground: `python -m devdb --data-dir .devdb --port 5432`."""

from __future__ import annotations

import argparse
import signal
import sys
from pathlib import Path
from types import FrameType

from devdb.embedded import DATABASE, HOST, USER, EmbeddedTimescale
from devdb.errors import EmbeddedDatabaseError


def main() -> int:
    """Serve until Ctrl-C or SIGTERM; the exit status."""
    arguments = _parse_arguments()
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        with EmbeddedTimescale(arguments.data_dir, port=arguments.port) as server:
            print(_connection_facts(server), flush=True)
            server.wait()
    except KeyboardInterrupt:
        return 0
    except EmbeddedDatabaseError as error:
        print(error, file=sys.stderr)
    return 1


def _parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m devdb", description="Run an embedded TimescaleDB for development."
    )
    parser.add_argument(
        "--data-dir",
        type=Path,
        metavar="DIR",
        help="keep the database here; without it, everything is gone when the server ends",
    )
    parser.add_argument("--port", type=int, default=5432, help="default: %(default)s; 0: any free")
    return parser.parse_args()


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _connection_facts(server: EmbeddedTimescale) -> str:
    exports = [f"export {name}={value}" for name, value in server.environment.items()]
    psql = f"psql 'host={HOST} port={server.port} user={USER} dbname={DATABASE} sslmode=disable'"
    return "\n".join(["The embedded TimescaleDB is ready. End it with Ctrl-C.", psql, *exports])


if __name__ == "__main__":
    sys.exit(main())
