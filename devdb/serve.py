"""`make serve`: the console and the API on a database of one's own, for this machine only.

What would keep it from working is said before it starts, in place of a page that says less.
"""

import argparse
import os
import sys
from typing import NoReturn

from chalicelib import database, logs
from chalicelib.access.errors import AccessNotConfiguredError
from chalicelib.access.settings import access_from_environment
from chalicelib.database import Deadline, schema
from chalicelib.errors import ApplicationError, InvalidSettingError
from chalicelib.settings import DatabaseSettings, database_from_environment
from devdb.errors import EmbeddedDatabaseError
from devdb.local_server import local_command
from devdb.ports import HOST, require_free

EXIT_FAILED, EXIT_USAGE = 1, 2
_CHECK_SECONDS = 20.0
_NO_DATABASE = "`make db SEED=1` starts a database to try it on, and prints what to export."
_NO_ACCESS = "`AUTH_MODE=none make serve` lets in whoever reaches the port of this machine."


def main() -> int:
    """Become the server; the exit status where it cannot be started."""
    port = _port()
    logs.configure_plain("ERROR")
    try:
        require_free(port, "make serve")
        configured = database_from_environment()
        access_from_environment()
    except EmbeddedDatabaseError as error:
        return _refuse(str(error), EXIT_FAILED)
    except (InvalidSettingError, AccessNotConfiguredError) as error:
        return _refuse(f"{error.message}. {_remedy(error)}".strip(), EXIT_USAGE)
    _say_whether_it_can_be_used(configured)
    print(f"The console and the API are on http://{HOST}:{port}/; Ctrl-C ends it.", flush=True)
    return _become(local_command(port))


def _become(command: list[str]) -> NoReturn:
    """Let *command* take this process over, so that whatever ends this one ends it."""
    os.execv(command[0], command)  # noqa: S606 our own program


def _port() -> int:
    parser = argparse.ArgumentParser(prog="python -m devdb.serve", description=__doc__)
    parser.add_argument("--port", type=int, default=8000, help="default: %(default)s")
    port: int = parser.parse_args().port
    return port


def _refuse(sentence: str, status: int) -> int:
    print(sentence, file=sys.stderr)
    return status


def _remedy(error: ApplicationError) -> str:
    if isinstance(error, AccessNotConfiguredError):
        return _NO_ACCESS
    return _NO_DATABASE if error.details["variable"].startswith("TIMESCALE_DB_") else ""


def _say_whether_it_can_be_used(configured: DatabaseSettings) -> None:
    """It is served all the same: the database may come up later."""
    engine = database.engine_for(configured)
    try:
        with database.transaction(engine, Deadline.after(_CHECK_SECONDS)) as connection:
            schema.require_head(connection)
    except ApplicationError as error:
        print(f"{error.code}: {error.message}", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
