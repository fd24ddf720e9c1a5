"""The database holds and lets go exactly what the model in memory does."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    rule,
    run_state_machine_as_test,
)

from chalicelib.audit import Actor
from chalicelib.database import Deadline, Engine, transaction
from chalicelib.features.device_parameters.context import Sync
from chalicelib.features.device_parameters.guard import GuardLimits
from chalicelib.features.device_parameters.model import SyncRequest, Trigger
from chalicelib.features.device_parameters.removals.bodies import ReleaseRequest, RemovalFilter
from chalicelib.features.device_parameters.removals.release import release
from chalicelib.features.device_parameters.removals.review import review
from chalicelib.features.device_parameters.settings import SyncSettings
from chalicelib.features.device_parameters.sync import sync
from tests.features.device_parameters.removals.conftest import Pair, Sites
from tests.features.device_parameters.removals.guard_model import GuardModel
from tests.fleet import Fleet
from tests.sandbox import Sandbox

SEQUENCES, STEPS = 8, 12
NAMES = [f"{site}-{number:04}" for site in ("north", "south") for number in range(6)]
observations = st.sets(st.sampled_from([(device, "p") for device in NAMES]))


class GuardedDatabase(RuleBasedStateMachine):
    """The same runs, releases and hours for a database and for the model."""

    def __init__(
        self,
        sandbox: Sandbox,
        perform: Callable[[SyncRequest, GuardLimits], None],
        let_go: Callable[[], None],
    ) -> None:
        super().__init__()
        self.sandbox = sandbox
        self.perform = perform
        self.let_go = let_go

    @initialize(
        limits=st.builds(
            GuardLimits,
            st.integers(0, 60),
            st.integers(0, 8),
            st.integers(0, 100),
            st.integers(0, 4),
        ),
        observed=observations,
    )
    def begin(self, limits: GuardLimits, observed: set[Pair]) -> None:
        self.sandbox.migrate()
        self.sites = Sites(self.sandbox, Fleet(self.sandbox))
        self.sites.add("north", 6)
        self.sites.add("south", 6)
        self.model = GuardModel(limits, {name: name.split("-")[0] for name in NAMES})
        self._run(observed)

    @rule(observed=observations)
    def observe(self, observed: set[Pair]) -> None:
        self._run(observed)

    @rule(silent=st.sets(st.sampled_from([(device, "p") for device in NAMES]), max_size=2))
    def lose_a_few(self, silent: set[Pair]) -> None:
        self._run(self.model.table - self.model.held.keys() - silent)

    @rule(observed=observations)
    def observe_in_a_narrow_window(self, observed: set[Pair]) -> None:
        self._run(observed, is_strict=True)

    @rule(observed=observations, long_ago=observations)
    def observe_in_a_wide_window(self, observed: set[Pair], long_ago: set[Pair]) -> None:
        self._run(observed, long_ago=long_ago)

    @rule(observed=observations)
    def force(self, observed: set[Pair]) -> None:
        self._run(observed, is_forced=True)

    @rule(hours=st.sampled_from([1, 11, 12, 23, 24]))
    def wait(self, hours: int) -> None:
        self.model.hour += hours
        self.sites.let_pass(timedelta(hours=hours))

    @rule()
    def release(self) -> None:
        self.model.release()
        self.let_go()

    def _run(
        self,
        observed: set[Pair],
        *,
        is_strict: bool = False,
        is_forced: bool = False,
        long_ago: set[Pair] | None = None,
    ) -> None:
        is_wide = long_ago is not None
        seen = observed | (long_ago or set())
        self.sites.only(observed, long_ago or set())
        minutes = 30 if is_strict else 300 if is_wide else None
        request = SyncRequest(Trigger.API, minutes, force=is_forced, may_narrow=not is_strict)
        self.perform(request, self.model.limits)
        self.model.run(seen, is_strict=is_strict, is_forced=is_forced, is_wide=is_wide)
        assert self.sites.table() == self.model.table
        assert self.sites.held() == self.model.held


def test_the_database_and_the_model_agree(
    migrated: Sandbox, engine: Engine, configured: SyncSettings
) -> None:
    def perform(request: SyncRequest, limits: GuardLimits) -> None:
        limited = replace(
            configured,
            removal_guard_percent=limits.percent,
            removal_guard_min_pairs=limits.min_pairs,
            removal_guard_group_percent=limits.group_percent,
            removal_guard_group_min_pairs=limits.group_min_pairs,
        )
        sync(Sync(engine, limited, Deadline.after(60)), request)

    def let_go() -> None:
        with transaction(engine, Deadline.after(60)) as connection:
            token = review(connection, RemovalFilter()).token
            release(connection, Actor("tester"), ReleaseRequest(token=token))

    class Machine(GuardedDatabase):
        def __init__(self) -> None:
            super().__init__(migrated, perform, let_go)

    run_state_machine_as_test(
        Machine,
        settings=settings(
            max_examples=SEQUENCES,
            stateful_step_count=STEPS,
            deadline=None,
            print_blob=True,
            suppress_health_check=[HealthCheck.too_slow],
        ),
    )
