"""The policy of every table whose rows belong to organizations."""

from chalicelib.database.isolation import EVERY_ORGANIZATION, ORGANIZATION_SETTING
from chalicelib.database.tables import SCHEMA

POLICY = "own_organization"
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
