"""The revision that this code needs, and whether the database is at it."""

from functools import cache
from pathlib import Path

from sqlalchemy import Connection, text

from chalicelib.database.tables import SCHEMA
from chalicelib.errors import SchemaOutdatedError

# Of its own name: the platform may keep its own revisions in the same schema, with Alembic too.
VERSION_TABLE = "device_parameters_version"
FIND_REVISION = f"SELECT version_num FROM {SCHEMA}.{VERSION_TABLE}"  # noqa: S608 constants
# At the root of the project, and of the package.
ALEMBIC_INI = Path(__file__).resolve().parents[2] / "alembic.ini"
VERSIONS = ALEMBIC_INI.parent / "migrations" / "versions"
# What to do where the revision says that something is there, and it is not.
REPAIR = (
    'run `cli.py repair`, or the function migrate with `{"command": "repair"}`, which recreates it'
)


@cache
def head_revision() -> str:
    """The newest revision: its files are numbered, and each is named as its revision is."""
    return max(path.stem for path in VERSIONS.glob("[0-9]*.py"))


def require_head(connection: Connection) -> None:
    """Raise `SchemaOutdatedError` unless the database is at the revision this code needs."""
    require_revision(connection.execute(text(FIND_REVISION)).scalar_one_or_none())


def require_revision(revision: str | None) -> None:
    """The same, of the *revision* that a statement has read besides."""
    if revision != head_revision():
        raise SchemaOutdatedError(
            f"the database is at revision {revision or 'base'}, this release needs "
            f"{head_revision()}; run `alembic upgrade head`"
        )
