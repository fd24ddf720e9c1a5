"""The functions of TimescaleDB are found wherever it was created, whatever the search path."""

from datetime import timedelta

import pytest
from sqlalchemy import Engine

from chalicelib.database import Deadline, engine_for
from chalicelib.database.repair import recreate_missing
from chalicelib.features.device_parameters import repair
from chalicelib.features.device_parameters.context import Sync
from chalicelib.features.device_parameters.model import RunStatus, SyncRequest, Trigger
from chalicelib.features.device_parameters.settings import sync_settings
from chalicelib.features.device_parameters.sync import sync as run_sync
from chalicelib.features.device_parameters.verify import Reference, verify
from tests.databases import scratch_database
from tests.fleet import Fleet
from tests.migrations.conftest import Migrator
from tests.prescribed import prescribed
from tests.sandbox import Sandbox

SEARCH_PATH = {"search_path": "iot_data"}
ELSEWHERE = 'CREATE SCHEMA "TS"; CREATE EXTENSION timescaledb SCHEMA "TS"'
TWO_HOURS = timedelta(hours=2)


def require_exact_runs(sandbox: Sandbox, engine: Engine) -> None:
    """One run after another finds its way, and the table is what was observed."""
    Fleet(sandbox).add_pairs(3, sandbox.now() - TWO_HOURS)
    context = Sync(engine, sync_settings(), Deadline.after(60))
    for _ in range(2):
        assert run_sync(context, SyncRequest(Trigger.CLI, 240)).status is RunStatus.SUCCEEDED
    assert len(Fleet(sandbox).keys()) == 3
    require_nothing_to_differ(engine)


def require_nothing_to_differ(engine: Engine) -> None:
    for reference in (Reference.MEASUREMENTS, Reference.AGGREGATE):
        assert verify(engine, reference, Deadline.after(60)).differences == []


@pytest.mark.postgresql
def test_revisions_and_runs_do_not_depend_on_the_search_path(
    sources: Sandbox, migrator: Migrator
) -> None:
    before = migrator.catalogue()
    with prescribed(sources, SEARCH_PATH) as engine:
        migrator.upgrade()
        require_exact_runs(sources, engine)
        migrator.downgrade(drop_data=True)
    assert sorted(set(migrator.catalogue()) - set(before)) == [
        "iot_data.device_parameters_version r",
        "iot_data.device_parameters_version_pkc i",
    ]


@pytest.mark.multi_backend
def test_the_extension_may_be_in_a_schema_of_its_own(
    database: Sandbox, environment: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    with scratch_database(database.url, ELSEWHERE, "_elsewhere") as url:
        sandbox = Sandbox(url, is_multi_backend=True)
        monkeypatch.setenv("TIMESCALE_DB_NAME", str(url.database))
        sandbox.rows('SET search_path TO "TS"')
        sandbox.create_sources()
        with prescribed(sandbox, SEARCH_PATH) as engine:
            sandbox.upgrade()
            require_exact_runs(sandbox, engine)
            sandbox.rows("DROP MATERIALIZED VIEW iot_data.device_parameters_hourly CASCADE")
            assert len(recreate_missing()) == 2
            span = repair.span_to_refill(engine)
            assert span is not None
            list(repair.refill(engine, sync_settings(), span, TWO_HOURS))
            require_nothing_to_differ(engine)
            assert recreate_missing() == []
            Migrator(sandbox).downgrade(drop_data=True)
        sandbox.close()
    engine_for.cache_clear()
