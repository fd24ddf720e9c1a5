"""Every object in the database belongs to one feature, and is granted to whom it is for."""

from types import ModuleType

from sqlalchemy import TableClause

from chalicelib.audit import tables as audit
from chalicelib.features import FEATURES, modules
from chalicelib.idempotency import tables as idempotency
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
OPTIONAL = {right.name for rights in RIGHTS.values() for right in rights if right.is_optional}
PRIVILEGES = {"SELECT", "INSERT", "UPDATE", "DELETE", "USAGE"}
# Tables, views and aggregates, and sequences. Those of identity columns need no declaration.
_RELATIONS = """
SELECT relname, relkind = 'S' AND EXISTS (
    SELECT FROM pg_depend
    WHERE objid = pg_class.oid AND classid = 'pg_class'::regclass AND refobjsubid > 0
)
FROM pg_class
WHERE relnamespace = 'iot_data'::regnamespace AND relkind IN ('r', 'p', 'v', 'm', 'S')
"""


def test_what_the_revisions_make_is_declared(migrated: Sandbox) -> None:
    found = dict(migrated.rows(_RELATIONS))
    made = {name for name, goes_without_saying in found.items() if not goes_without_saying}
    assert made - {*SOURCE_TABLES} - OBJECTS == set(), "see `objects` in a feature.py"
    assert OBJECTS - OPTIONAL - found.keys() == set()


def test_a_table_belongs_to_the_feature_whose_folder_defines_it() -> None:
    for module in modules("tables"):
        [feature] = [one for one in FEATURES if one.name == module.__name__.split(".")[-2]]
        assert _tables(module) <= feature.objects.keys(), feature.name


def test_what_is_granted_is_declared_or_the_platforms() -> None:
    granted = {right.name for rights in RIGHTS.values() for right in rights}
    assert granted - OBJECTS - {*SOURCE_TABLES} == set()


def test_every_table_is_for_somebody() -> None:
    granted = {right.name for rights in RIGHTS.values() for right in rights}
    shared = (audit, idempotency, outbox)
    tables = {name for module in (*modules("tables"), *shared) for name in _tables(module)}
    assert tables - granted - AGGREGATES.keys() == set(), "see `rights` in a feature.py"


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


def _tables(module: ModuleType) -> set[str]:
    return {table.name for table in vars(module).values() if isinstance(table, TableClause)}
