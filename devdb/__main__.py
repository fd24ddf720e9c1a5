"""A development server in the foreground: `python -m devdb --data-dir .devdb --port 5432`."""

from __future__ import annotations

import argparse
import os
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

from chalicelib import database
from chalicelib.errors import ApplicationError
from chalicelib.settings import database_from_environment
from devdb.connecting import exports, psql
from devdb.demo import log_errors_only, starting_line
from devdb.embedded import EmbeddedTimescale
from devdb.errors import EmbeddedDatabaseError
from devdb.life import STEP_SECONDS, Life
from devdb.ports import require_free
from devdb.seed import prepare, seed
from devdb.signals import end_in_order

_PASTE = "In another terminal, in this folder:"
_EMPTY = f"""It is empty, and the application needs three tables of the platform.
`make db SEED=1` makes them, with ours and a small fleet; what follows makes them empty.
{_PASTE}
"""
_SEEDED = f"""It holds a small fleet, whose readings and heartbeats go on arriving.
{_PASTE}
"""


def main() -> int:
    """Serve until Ctrl-C or SIGTERM; the exit status."""
    arguments = _parse_arguments()
    log_errors_only()
    end_in_order()
    try:
        _serve(arguments)
    except KeyboardInterrupt:
        return 0
    except (EmbeddedDatabaseError, ApplicationError) as error:
        print(error, file=sys.stderr)
    return 1


def _serve(arguments: argparse.Namespace) -> None:
    began = time.monotonic()
    require_free(arguments.port, "make db SEED=1" if arguments.seed else "make db")
    _say(starting_line())
    with EmbeddedTimescale(arguments.data_dir, port=arguments.port) as server:
        lives = _seeded(server) if arguments.seed else None
        _say(f"Ready after {time.monotonic() - began:.0f} s. End it with Ctrl-C.\n")
        _say(_directions(server, is_seeded=arguments.seed))
        while lives is not None:
            server.wait(STEP_SECONDS)
            lives.step(datetime.now(UTC))
        server.wait()


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
    parser.add_argument(
        "--seed",
        action="store_true",
        help="make the platform's tables, migrate, and fill in a small fleet that goes on living",
    )
    return parser.parse_args()


def _seeded(server: EmbeddedTimescale) -> Life:
    """Fill *server*; what the fleet then goes on doing. It is left to the person to sync it."""
    environment = {**os.environ, **server.environment}
    engine = database.engine_for(database_from_environment(environment))
    _say("Making the platform's tables, and migrating to the newest revision …")
    prepare(engine, environment)
    now = datetime.now(UTC)
    return Life(seed(engine, now), now, _say)


def _directions(server: EmbeddedTimescale, *, is_seeded: bool) -> str:
    """What to paste elsewhere, and what it leads to; every line of it works as it stands."""
    if is_seeded:
        steps = [psql(server), ".venv/bin/python cli.py sync", "AUTH_MODE=none make serve"]
    else:
        steps = [f"{psql(server)} -f devdb/sources.sql", ".venv/bin/alembic upgrade head"]
    heading = _SEEDED if is_seeded else _EMPTY
    return "\n".join([heading, *exports(server.environment), "", *steps])


def _say(line: str) -> None:
    print(line, flush=True)


if __name__ == "__main__":
    sys.exit(main())
