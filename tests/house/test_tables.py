"""A feature writes its own tables, and reads of others what they publish as a view."""

import re
from importlib import import_module
from pathlib import Path

import pytest
from sqlalchemy import Table

from chalicelib.audit.tables import audit_log
from chalicelib.database.tables import SCHEMA, metadata
from chalicelib.features import FEATURES, modules
from chalicelib.idempotency.tables import idempotency_keys
from chalicelib.outbox.tables import outbox_events
from migrations.preflight import SOURCE_TABLES
from tests.sandbox import PROJECT

_WRITTEN = re.compile(
    rf"\b(?:INSERT INTO|UPDATE|DELETE FROM|TRUNCATE|MERGE INTO|COPY)\s+{SCHEMA}\.(\w+)"
)
_NAMED = re.compile(rf"\b{SCHEMA}\.(\w+)")
# The requirements name the second one.
_VIEW = re.compile(r"v_\w+|latest_readings")

FEATURES_FOLDER = PROJECT / "chalicelib" / "features"


def _tables_of(feature: str) -> set[str]:
    """Those that the feature defines, in its own folder or in one inside."""
    paths = sorted((FEATURES_FOLDER / feature).rglob("tables.py"))
    names = (".".join(path.relative_to(PROJECT).with_suffix("").parts) for path in paths)
    found = [vars(import_module(name)).values() for name in names]
    return {each.name for values in found for each in values if isinstance(each, Table)}


OWNED = {
    feature: _tables_of(feature)
    for feature in (module.__name__.split(".")[2] for module in modules("tables"))
}
# Each is a view that all may read whose role owns them.
AGGREGATES = {name for feature in FEATURES for name in feature.aggregates}
NAMES = [feature.name for feature in FEATURES]


def sql_of(feature: str) -> str:
    """All SQL of a feature, without its comments."""
    folder: Path = FEATURES_FOLDER / feature
    text = "\n".join(path.read_text("utf-8") for path in sorted(folder.rglob("*.sql")))
    return re.sub(r"--.*", "", text)


def declared(feature: str) -> set[str]:
    """What the feature says is its own."""
    [found] = [one for one in FEATURES if one.name == feature]
    return {*found.objects, *found.aggregates}


def granted(feature: str) -> dict[str, str]:
    """What the feature asks the database's roles for, by table."""
    [found] = [one for one in FEATURES if one.name == feature]
    rights: dict[str, str] = {}
    for by_table in found.rights.values():
        for table, right in by_table.items():
            rights[table] = f"{rights.get(table, '')} {right}"
    return rights


def test_every_table_belongs_to_one_feature() -> None:
    owned = [name for names in OWNED.values() for name in names]
    shared = (audit_log.name, idempotency_keys.name, outbox_events.name)
    assert sorted([*owned, *shared]) == sorted(t.name for t in metadata.sorted_tables)


@pytest.mark.parametrize("feature", NAMES)
def test_a_feature_says_what_each_of_its_tables_holds(feature: str) -> None:
    assert OWNED.get(feature, set()) <= declared(feature)


@pytest.mark.parametrize("feature", NAMES)
def test_a_feature_writes_no_table_of_another(feature: str) -> None:
    written = set(_WRITTEN.findall(sql_of(feature)))
    # A feature may also write the platform's tables that it asks for: the loader, the measurements.
    platform = {name for name in SOURCE_TABLES if "INSERT" in granted(feature).get(name, "")}
    assert written <= OWNED.get(feature, set()) | platform


@pytest.mark.parametrize("feature", NAMES)
def test_a_feature_reads_of_others_only_what_they_publish(feature: str) -> None:
    named = set(_NAMED.findall(sql_of(feature)))
    foreign = named - declared(feature) - set(SOURCE_TABLES)
    assert {name for name in foreign - AGGREGATES if not _VIEW.fullmatch(name)} == set()


def test_tables_reach_the_queries_of_their_own_feature_only() -> None:
    """Queries built from what is asked use the tables of `tables.py`, by import."""
    strangers = [
        f"{path.relative_to(PROJECT)}: {module}"
        for path in (PROJECT / "chalicelib").rglob("*.py")
        for module in re.findall(r"from (chalicelib\.\S+\.tables) import", path.read_text("utf-8"))
        if module != "chalicelib.database.tables"
        and not str(path.relative_to(PROJECT))
        .replace("/", ".")
        .startswith(module.removesuffix(".tables"))
    ]
    assert strangers == []
