"""Recreating what somebody has dropped, as the revisions make it, and leaving the rest as it is."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from types import ModuleType

from alembic.util import CommandError
from sqlalchemy import Connection, text

from chalicelib.database.repair import TO_BE_REFILLED
from chalicelib.database.tables import SCHEMA
from migrations import aggregates, references
from migrations.stand_in import StandIn, in_place_of_op

_CREATE = re.compile(
    rf"\s*CREATE (?:OR REPLACE )?(?:UNIQUE )?(?P<kind>TABLE|VIEW|MATERIALIZED VIEW|INDEX)\s+"
    rf"(?:IF NOT EXISTS\s+)?(?:{SCHEMA}\.)?(?P<name>\w+)(?:\s+ON {SCHEMA}\.(?P<table>\w+))?"
)
_NAMED = re.compile(rf"\b{SCHEMA}\.(\w+)")
_HAS_RELATION = text("SELECT to_regclass(:name) IS NOT NULL")
# The index of an aggregate is one of the hypertable in which TimescaleDB keeps its rows.
_HAS_INDEX = text(
    """
    SELECT EXISTS (
        SELECT
        FROM pg_index
        JOIN pg_class AS index ON index.oid = indexrelid
        WHERE index.relname = :index
          AND indrelid = coalesce(
              (
                  SELECT format(
                      '%I.%I',
                      materialization_hypertable_schema,
                      materialization_hypertable_name
                  )::regclass
                  FROM timescaledb_information.continuous_aggregates
                  WHERE view_schema = :schema
                    AND view_name = :table
              ),
              to_regclass(:schema || '.' || :table)
          )
    )
    """
)


@dataclass(frozen=True)
class Creation:
    """What a statement of a revision creates."""

    kind: str
    name: str
    table: str | None

    @property
    def sentence(self) -> str:
        """What is told of it."""
        if self.kind == "TABLE":
            return (
                f"recreated the table {SCHEMA}.{self.name}, empty: what was in it does not come "
                "back"
            )
        if self.kind == "MATERIALIZED VIEW":
            return f"recreated the continuous aggregate {SCHEMA}.{self.name}, empty"
        if self.table:
            return f"recreated the index {self.name} of {SCHEMA}.{self.table}"
        return f"recreated the view {SCHEMA}.{self.name}"


class Recreating(StandIn):
    """Carries out what creates something that is not there, and what is done to it next."""

    def __init__(self, connection: Connection, replaced: frozenset[str] = frozenset()) -> None:
        super().__init__(connection)
        self._replaced = replaced
        self.created: list[Creation] = []
        self.told: list[str] = []

    def execute(self, statement: str) -> None:
        """Carry *statement* out where what it creates, or is about, has been missing."""
        found = _CREATE.match(statement)
        if found:
            self._create(Creation(*found.group("kind", "name", "table")), statement)
        elif (subject := _NAMED.search(statement)) and subject[1] in self.names:
            self._connection.execute(text(statement))

    @property
    def names(self) -> set[str]:
        """The names of all that has been recreated."""
        return {creation.name for creation in self.created}

    def _create(self, creation: Creation, statement: str) -> None:
        if creation.name in self._replaced:
            return
        if self._is_there(creation):
            if creation.kind == "MATERIALIZED VIEW":
                self.told += aggregates.put_right(self._connection, creation.name, statement)
            elif creation.kind == "VIEW" and creation.name in self.names:
                # An earlier revision has made it, and this one replaces it.
                self._connection.execute(text(statement))
            return
        self._connection.execute(text(statement))
        if creation.kind == "MATERIALIZED VIEW":
            comment = f"COMMENT ON VIEW {SCHEMA}.{creation.name} IS '{TO_BE_REFILLED}'"
            self._connection.execute(text(comment))
        # An index comes with its table, which has been told of already.
        if creation.table not in self.names:
            self.told.append(creation.sentence)
        self.created.append(creation)

    def _is_there(self, creation: Creation) -> bool:
        if creation.table is None:
            name = {"name": f"{SCHEMA}.{creation.name}"}
            return bool(self._connection.execute(_HAS_RELATION, name).scalar_one())
        names = {"index": creation.name, "schema": SCHEMA, "table": creation.table}
        return bool(self._connection.execute(_HAS_INDEX, names).scalar_one())


def recreate_missing(connection: Connection, revisions: Iterable[ModuleType]) -> list[str]:
    """Recreate what *revisions* have made and is gone; returns a sentence for each.

    Nothing is dropped, and no row is touched. Raises `CommandError` where something else stands in
    the way, and then the caller takes everything back.
    """
    revisions = list(revisions)
    recreating = Recreating(connection, _replaced_by(revisions))
    for revision in revisions:
        with in_place_of_op(revision, recreating):
            _repeat(revision)
    return [
        *recreating.told,
        *references.restore_foreign_keys(connection),
        *references.skip_numbers_in_use(connection, recreating.names),
    ]


def _replaced_by(revisions: Iterable[ModuleType]) -> frozenset[str]:
    """The names that a later one of *revisions* drops, and says so in `REPLACED`."""
    return frozenset(name for one in revisions for name in getattr(one, "REPLACED", ()))


def _repeat(revision: ModuleType) -> None:
    try:
        revision.upgrade()
    except CommandError as error:
        # To rename is advice for a table that was there before the first revision.
        sentence = str(error).removesuffix(": rename or drop it")
        raise CommandError(f"{sentence}; nothing has been repaired") from error
