"""Every object in the database belongs to one feature, and is granted to whom it is for."""

from sqlalchemy import TableClause

from chalicelib.features import FEATURES, modules
from chalicelib.outbox import tables as outbox
from migrations.preflight import SOURCE_TABLES
from stack import database_roles
from stack.declared import DECLARED
from tests.sandbox import Sandbox

OBJECTS = {name for feature in DECLARED for name in feature.objects}
AGGREGATES = database_roles.aggregates(DECLARED)
RIGHTS = {
    role: [right for rights in database_roles.rights(role, DECLARED).values() for right in rights]
    for role in database_roles.roles(DECLARED)
}
PRIVILEGES = {"SELECT", "INSERT", "UPDATE", "DELETE", "USAGE"}
# Tables, views and aggregates, and sequences that come with no column.
_RELATIONS = """
SELECT relation.relname
FROM pg_class AS relation
WHERE relation.relnamespace = 'iot_data'::regnamespace
  AND (
    relation.relkind IN ('r', 'p', 'v', 'm')
    OR relation.relkind = 'S' AND NOT EXISTS (
        SELECT FROM pg_depend
        WHERE objid = relation.oid AND classid = 'pg_class'::regclass AND refobjsubid > 0
    )
  )
"""


def test_what_the_revisions_make_is_declared(migrated: Sandbox) -> None:
    found = {name for [name] in migrated.rows(_RELATIONS)}
    optional = {right.name for rights in RIGHTS.values() for right in rights if right.is_optional}
    assert found - {*SOURCE_TABLES} <= OBJECTS, "see `objects` in a feature.py"
    assert OBJECTS - optional <= found


def test_a_table_belongs_to_the_feature_whose_folder_defines_it() -> None:
    by_folder = {module.__name__.split(".")[-2]: module for module in modules("tables")}
    for feature in FEATURES:
        defined = _tables(by_folder.get(feature.name))
        assert defined - _views() == {*feature.objects} - _views() - _sequences(), feature.name
    assert _tables(outbox) == {"outbox_events"}


def test_what_is_granted_is_declared_or_the_platforms() -> None:
    granted = {right.name for rights in RIGHTS.values() for right in rights}
    assert granted - OBJECTS - {*SOURCE_TABLES} == set()


def test_every_object_is_for_somebody() -> None:
    granted = {right.name for rights in RIGHTS.values() for right in rights}
    assert OBJECTS - granted - AGGREGATES.keys() == set(), "see `rights` in a feature.py"


def test_only_privileges_that_exist_are_declared() -> None:
    for feature in DECLARED:
        for rights in feature.rights.values():
            for name, privileges in rights.items():
                assert privileges, name
                assert {*privileges.split()} <= PRIVILEGES, name


def test_an_aggregate_reads_what_is_there() -> None:
    for name, sources in AGGREGATES.items():
        assert name in OBJECTS
        assert {*sources} <= OBJECTS | {*SOURCE_TABLES}, name


def _tables(module: object) -> set[str]:
    return {table.name for table in vars(module).values() if isinstance(table, TableClause)}


def _views() -> set[str]:
    optional = {right.name for rights in RIGHTS.values() for right in rights if right.is_optional}
    return {*AGGREGATES} | optional


def _sequences() -> set[str]:
    return {
        right.name for rights in RIGHTS.values() for right in rights if "USAGE" in right.privileges
    }
