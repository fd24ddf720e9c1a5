"""The table equals a full scan of the measurements, row for row, whatever happened before."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from hypothesis import HealthCheck, event, note, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import URL, Engine, create_engine

from chalicelib.database import Deadline
from chalicelib.features.device_parameters import source_choice
from chalicelib.features.device_parameters.bodies import Run
from chalicelib.features.device_parameters.context import Sync
from chalicelib.features.device_parameters.model import (
    EvidenceSource,
    RunStatus,
    SyncRequest,
    Trigger,
)
from chalicelib.features.device_parameters.settings import SyncSettings
from chalicelib.features.device_parameters.sync import sync
from tests.features.device_parameters import oracle
from tests.features.device_parameters.oracle import Facts, Key, KnownPair
from tests.fleet import Fleet
from tests.sandbox import Sandbox

# A cut that is off by a microsecond shows after ten, on average; every run tries others.
SEQUENCES = 100
STEPS_PER_SEQUENCE = 25

# Half and quarter hours from UTC, daylight saving: what would tell a local hour from a UTC one.
ZONES = ("UTC", "Asia/Kolkata", "America/St_Johns", "Asia/Kathmandu", "Europe/Berlin")
DEVICES = ("d", "o'neil", '100% "q" :x', "gerät-☃🚀")
PARAMETERS = ("p", "%(p)s:p", "temp'\\é")
STATUSES = (True, True, True, False, None)
MICROSECOND = timedelta(microseconds=1)
HOUR = timedelta(hours=1)

# The measurements may be compressed as well as what is made of them.
COMPRESSIBLE = """
ALTER TABLE iot_data.timescale_measurements SET (
    timescaledb.compress, timescaledb.compress_segmentby = 'device_id, parameter_id'
)
"""
CLOSED_CHUNKS = """
SELECT format('%I.%I', chunk_schema, chunk_name)
FROM timescaledb_information.chunks
WHERE range_end < '2024-04-01' AND NOT is_compressed
  AND (hypertable_name = 'timescale_measurements' OR hypertable_name LIKE '%materialized%')
"""

Moment = tuple[datetime, int]
Edge = Callable[[datetime, datetime], datetime]
# Which of the moments, the name of the edge, and how far beside it.
EdgeOfMoment = tuple[int, str, timedelta]
# Of one pair, in one transaction.
Reading = tuple[Key, list[EdgeOfMoment]]


def hour_of(instant: datetime) -> datetime:
    return instant.replace(minute=0, second=0, microsecond=0)


# From the start of the window and as_of to an instant where a mistake would show.
EDGES: dict[str, Edge] = {
    "long before": lambda start, as_of: start - timedelta(days=3),
    "first bucket": lambda start, as_of: hour_of(start),
    "window start": lambda start, as_of: start,
    "second bucket": lambda start, as_of: hour_of(start) + HOUR,
    "middle": lambda start, as_of: start + (as_of - start) / 2,
    "last closed bucket": lambda start, as_of: hour_of(as_of) - HOUR,
    "hot bucket": lambda start, as_of: hour_of(as_of),
    "as_of": lambda start, as_of: as_of,
    "end of the hour": lambda start, as_of: hour_of(as_of) + HOUR,
    "future": lambda start, as_of: as_of + timedelta(days=2),
}

as_ofs = st.builds(
    lambda hours, offset: datetime(2024, 3, 30, 22, tzinfo=UTC) + hours * HOUR + offset,
    st.integers(0, 30),
    st.sampled_from(
        [
            *(timedelta(0), MICROSECOND, timedelta(minutes=17, seconds=3, milliseconds=250)),
            *(timedelta(minutes=30) - MICROSECOND, HOUR - MICROSECOND),
        ]
    ),
)
windows = st.one_of(
    st.sampled_from([1, 10, 30, 59, 60, 61, 90, 120, 1439, 1440, 10_080, 43_200]),
    st.integers(1, 43_200),
)
nudges = st.sampled_from([timedelta(0), timedelta(0), -MICROSECOND, MICROSECOND])
# The sharpest edges more often: with few readings a pair, one reading decides.
edge_names = st.sampled_from([*EDGES, *3 * ["window start"], "hot bucket", "end of the hour"])
moment_indexes = st.integers(0, 1)
edges = st.tuples(moment_indexes, edge_names, nudges)
keys = st.tuples(st.sampled_from(DEVICES), st.sampled_from(PARAMETERS))
sources = st.sampled_from([None, EvidenceSource.MEASUREMENTS, EvidenceSource.AGGREGATE])
readings = st.tuples(keys, st.lists(edges, min_size=1, max_size=2))
names = st.sampled_from([None, "", "Pump", "Pumpe №1 ☃", "'; DROP TABLE x --", "%s :name"])


class RunsOverAFleet(RuleBasedStateMachine):
    """Anything the platform may do, in any order, with runs in between; each run is checked."""

    def __init__(
        self, sandbox: Sandbox, engines: dict[str, Engine], configured: SyncSettings
    ) -> None:
        super().__init__()
        self.sandbox = sandbox
        self.engines = engines
        self.configured = configured
        self.fleet = Fleet(sandbox)
        self.moments: list[Moment] = []
        self.last_moment: Moment | None = None

    @initialize(
        moments=st.lists(st.tuples(as_ofs, windows), min_size=2, max_size=2),
        readings=st.lists(readings, min_size=2, max_size=8),
        zone=st.sampled_from(ZONES),
    )
    def begin(self, moments: list[Moment], readings: list[Reading], zone: str) -> None:
        self.moments = moments
        self.sandbox.migrate()
        self.sandbox.rows(COMPRESSIBLE)
        self.sandbox.rows("SELECT set_config('timezone', %s, false)", (zone,))
        for device in DEVICES[:3]:
            self.fleet.add_device(device)
        for parameter in PARAMETERS[:2]:
            self.fleet.add_parameter(parameter)
        self.report(readings)

    @rule(device=st.sampled_from(DEVICES), name=names, status=st.sampled_from(STATUSES))
    def set_device(self, device: str, name: str | None, status: bool | None) -> None:
        self.fleet.add_device(device, name, status=status)

    @rule(parameter=st.sampled_from(PARAMETERS), name=names)
    def set_parameter(self, parameter: str, name: str | None) -> None:
        self.fleet.add_parameter(parameter, name)

    @rule(key=keys, is_device=st.booleans())
    def unregister(self, key: Key, is_device: bool) -> None:
        if is_device:
            self.fleet.remove_device(key[0])
        else:
            self.fleet.remove_parameter(key[1])

    @rule(readings=st.lists(readings, min_size=1, max_size=4))
    def report(self, readings: list[Reading]) -> None:
        for key, edges in readings:
            self.fleet.report(*key, *(self._instant(edge) for edge in edges))

    @rule(key=keys, edge=edges, hours=st.integers(2, 31))
    def report_hourly(self, key: Key, edge: EdgeOfMoment, hours: int) -> None:
        """One transaction over many buckets: what batched refreshes lose the last bucket of."""
        last = self._instant(edge)
        self.fleet.report(*key, *(last - HOUR * number for number in range(hours)))

    @rule(key=keys, edges=st.lists(edges, max_size=2))
    def withdraw(self, key: Key, edges: list[EdgeOfMoment]) -> None:
        """Delete the readings of a pair, or those at some instants."""
        self.fleet.withdraw(*key, *(self._instant(edge) for edge in edges))

    @rule()
    def materialize_everything(self) -> None:
        """As a refresh policy of somebody else's might, hot bucket and future included."""
        self.sandbox.rows(
            "CALL refresh_continuous_aggregate('iot_data.device_parameters_hourly', NULL, NULL); "
        )
        self.sandbox.rows(
            "CALL refresh_continuous_aggregate('iot_data.device_parameter_sets_hourly', NULL, NULL)"
        )

    @rule(moment=moment_indexes, zone=st.sampled_from(ZONES), source=sources, force=st.booleans())
    def run(self, moment: int, zone: str, source: EvidenceSource | None, force: bool) -> None:
        self._run(self.moments[moment], zone, source, force=force)

    @rule(moment=moment_indexes, zone=st.sampled_from(ZONES), planned=sources, applied=sources)
    def plan_and_run(
        self,
        moment: int,
        zone: str,
        planned: EvidenceSource | None,
        applied: EvidenceSource | None,
    ) -> None:
        """A dry run, then the run that it foretells, whatever each of them reads."""
        before = oracle.read_table(self.sandbox)
        foretold = self._sync(self.moments[moment], zone, planned, dry_run=True)
        assert oracle.read_table(self.sandbox) == before
        assert self._run(self.moments[moment], zone, applied).deltas == foretold.deltas

    @rule()
    def compress(self) -> None:
        """Whatever is closed, of the measurements and of both aggregates."""
        for chunk in self.sandbox.rows(CLOSED_CHUNKS):
            self.sandbox.rows("SELECT compress_chunk(%s::regclass, true)", chunk)

    @precondition(lambda self: self.last_moment is not None)
    @rule(zone=st.sampled_from(ZONES))
    def run_again(self, zone: str) -> None:
        assert self.last_moment is not None
        self._run(self.last_moment, zone)

    def _instant(self, edge: EdgeOfMoment) -> datetime:
        moment, name, nudge = edge
        as_of, window_minutes = self.moments[moment]
        return EDGES[name](as_of - timedelta(minutes=window_minutes), as_of) + nudge

    def _run(
        self,
        moment: Moment,
        zone: str,
        source: EvidenceSource | None = None,
        *,
        force: bool = False,
    ) -> Run:
        before = oracle.read_table(self.sandbox)
        run = self._sync(moment, zone, source, force=force)
        facts = oracle.read_facts(self.sandbox, *moment)
        check_run(self.sandbox, run, before, facts)
        event(f"pairs observed: {len(facts.observed)}")
        event(f"read from: {run.evidence and run.evidence.source}")
        self.last_moment = moment
        return run

    def _sync(
        self,
        moment: Moment,
        zone: str,
        source: EvidenceSource | None = None,
        *,
        force: bool = False,
        dry_run: bool = False,
    ) -> Run:
        as_of, window_minutes = moment
        note(f"run at {as_of.isoformat()} with a window of {window_minutes} minutes")
        configured = replace(self.configured, evidence_source=source)
        context = Sync(self.engines[zone], configured, Deadline.after(60))
        return sync(context, SyncRequest(Trigger.CLI, window_minutes, as_of, dry_run, force))


def check_run(sandbox: Sandbox, run: Run, before: dict[Key, KnownPair], facts: Facts) -> None:
    """Check everything that must hold after every run."""
    after = oracle.read_table(sandbox)
    assert run.status is RunStatus.SUCCEEDED
    assert run.error is None
    assert {key: pair.names for key, pair in after.items()} == facts.observed
    check_deltas(sandbox, run, before, after, facts)
    check_untouched_rows(before, after)
    assert oracle.replay_changes(sandbox) == facts.observed
    check_totals(sandbox, run, facts)


def check_deltas(
    sandbox: Sandbox,
    run: Run,
    before: dict[Key, KnownPair],
    after: dict[Key, KnownPair],
    facts: Facts,
) -> None:
    """The counts and the change log say what really happened, and why."""
    actual = oracle.difference(before, after)
    deltas = run.deltas
    assert (deltas.added, deltas.removed) == (len(actual.added), len(actual.removed))
    assert (deltas.renamed, deltas.held) == (len(actual.renamed), 0)
    assert (deltas.observed, deltas.unresolved) == (len(facts.observed), facts.unresolved_count)
    assert oracle.read_changes(sandbox, run.recorded_id) == {
        **{("added", key): (after[key].names, None) for key in actual.added},
        **{("renamed", key): (after[key].names, None) for key in actual.renamed},
        **{
            ("removed", key): (before[key].names, facts.reason_for_removal(key))
            for key in actual.removed
        },
    }


def check_untouched_rows(before: dict[Key, KnownPair], after: dict[Key, KnownPair]) -> None:
    """A pair that was renamed says when; one that was not is not even rewritten."""
    for key in before.keys() & after.keys():
        if before[key].names == after[key].names:
            assert after[key] == before[key]
        else:
            assert after[key].updated_at > before[key].updated_at
            assert after[key].created_at == before[key].created_at


def check_totals(sandbox: Sandbox, run: Run, facts: Facts) -> None:
    """The recorded run carries the size of the table it left, and what was returned."""
    recorded = oracle.recorded_run(sandbox, run.recorded_id)
    assert recorded["pair_count"] == len(facts.observed)
    assert recorded["device_count"] == len({device for device, _ in facts.observed})
    assert recorded["parameter_count"] == len({parameter for _, parameter in facts.observed})
    for name, count in msgspec.structs.asdict(run.deltas).items():
        assert recorded[f"{name}_count"] == count


@pytest.fixture
def engines(migrated: Sandbox) -> Iterator[dict[str, Engine]]:
    """The application's connection, in sessions of several time zones."""
    opened = {zone: engine_in(zone, migrated.url) for zone in ZONES}
    yield opened
    for engine in opened.values():
        engine.dispose()
    migrated.expect_rebuild()
    migrated.close()


def engine_in(zone: str, url: URL) -> Engine:
    return create_engine(url, connect_args={"options": f"-c timezone={zone}"})


def test_every_run_leaves_exactly_what_a_full_scan_of_the_measurements_gives(
    migrated: Sandbox,
    engines: dict[str, Engine],
    configured: SyncSettings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # So small a fleet would always be read from its measurements.
    monkeypatch.setattr(source_choice, "READ_ANY_AGGREGATE", 0.0)
    monkeypatch.setattr(source_choice, "READ_SET", 0.1)

    class RunsOverThisFleet(RunsOverAFleet):
        def __init__(self) -> None:
            super().__init__(migrated, engines, configured)

    run_state_machine_as_test(
        RunsOverThisFleet,
        settings=settings(
            max_examples=SEQUENCES,
            stateful_step_count=STEPS_PER_SEQUENCE,
            deadline=None,
            derandomize=False,
            print_blob=True,
            suppress_health_check=[HealthCheck.too_slow],
        ),
    )
