"""The policy of every table whose rows belong to organizations."""

from chalicelib.database.isolation import EVERY_ORGANIZATION, ORGANIZATION_SETTING
from chalicelib.database.tables import SCHEMA

POLICY = "own_organization"
SHARED_POLICY = "shared"
NOBODYS_POLICY = "nobodys"
# In a sub-select the setting is read once for a statement, and not once for a row.
_SEEN = f"(SELECT current_setting('{ORGANIZATION_SETTING}', true))"


def isolated(table: str) -> tuple[str, ...]:
    """The statements that have *table* show, and take, rows of one organization at a time.

    The owner of the table is held to it as well. The table has a column `organization_id`; where
    that is null, only whoever sees every organization sees the row.
    """
    name = f"{SCHEMA}.{table}"
    return (
        f"ALTER TABLE {name} ENABLE ROW LEVEL SECURITY",
        f"ALTER TABLE {name} FORCE ROW LEVEL SECURITY",
        f"CREATE POLICY {POLICY} ON {name} "
        f"USING (organization_id = {_SEEN} OR {_SEEN} = '{EVERY_ORGANIZATION}')",
    )


def shared(table: str) -> str:
    """The statement that has every organization see, and none change, the rows that are nobody's.

    It adds to `isolated`. A row is nobody's where its `organization_id` is null. A transaction that
    names no organization sees none of them, either.
    """
    return (
        f"CREATE POLICY {SHARED_POLICY} ON {SCHEMA}.{table} FOR SELECT "
        f"USING (organization_id IS NULL AND {_SEEN} <> '')"
    )


def open_to_nobodys(table: str) -> str:
    """The statement that lets everybody add rows to *table* that are nobody's.

    It adds to `isolated`, for what is also written where no organization is named.
    """
    return (
        f"CREATE POLICY {NOBODYS_POLICY} ON {SCHEMA}.{table} FOR INSERT "
        f"WITH CHECK (organization_id IS NULL)"
    )
