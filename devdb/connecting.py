"""What a person pastes into another terminal to reach a database that runs here."""

import shlex
from collections.abc import Mapping

from devdb.embedded import DATABASE, HOST, USER, EmbeddedTimescale


def exports(environment: Mapping[str, str]) -> list[str]:
    """A line of the shell for each variable."""
    return [f"export {name}={shlex.quote(value)}" for name, value in environment.items()]


def psql(server: EmbeddedTimescale) -> str:
    """The command that opens *server* in psql, which is asked for no password."""
    return f"psql 'host={HOST} port={server.port} user={USER} dbname={DATABASE} sslmode=disable'"
