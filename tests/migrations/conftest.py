"""What the tests of the migrations share."""

from collections.abc import Callable

import pytest
from alembic import command

from tests.sandbox import Sandbox, alembic_config

# Everything a migration could leave behind, less what TimescaleDB numbers anew each time.
_CATALOGUE = r"""
SELECT namespace.nspname || '.' || relation.relname || ' ' || CAST(relation.relkind AS text)
FROM pg_class AS relation
JOIN pg_namespace AS namespace ON namespace.oid = relation.relnamespace
WHERE namespace.nspname IN ('iot_data', 'public')
   OR relation.relname LIKE 'idx\_device\_parameters%'
ORDER BY 1
"""
_COLUMNS = """
SELECT attrelid::regclass || ' ' || attname || ' ' || format_type(atttypid, atttypmod)
FROM pg_attribute
JOIN pg_class ON pg_class.oid = attrelid
WHERE relnamespace = 'iot_data'::regnamespace AND relkind IN ('r', 'v')
  AND attnum > 0 AND NOT attisdropped
ORDER BY 1
"""


class Migrator:
    """Alembic on the tests' database."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox

    def upgrade(self, revision: str = "head") -> None:
        self._sandbox.expect_rebuild()
        self._sandbox.upgrade(revision)

    def downgrade(self, revision: str = "base", *, drop_data: bool = False) -> None:
        self._sandbox.expect_rebuild()
        command.downgrade(alembic_config(drop_data=drop_data), revision)

    def catalogue(self) -> list[str]:
        """Every relation there is, by name and kind."""
        return [name for [name] in self._sandbox.rows(_CATALOGUE)]

    def shape(self) -> list[str]:
        """The same, and every column of our tables and views."""
        return [*self.catalogue(), *(line for [line] in self._sandbox.rows(_COLUMNS))]


@pytest.fixture
def migrator(sources: Sandbox) -> Migrator:
    """For a database with the platform's tables and nothing of ours."""
    sources.expect_rebuild()
    return Migrator(sources)


@pytest.fixture
def replace_hypertable(sources: Sandbox) -> Callable[[], None]:
    """Make the measurements an ordinary table."""

    def replace() -> None:
        sources.rows("DROP TABLE iot_data.timescale_measurements")
        sources.rows(
            "CREATE TABLE iot_data.timescale_measurements "
            "(time timestamptz, device_id text, parameter_id text)"
        )

    return replace
