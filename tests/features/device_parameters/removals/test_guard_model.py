"""No sequence of runs removes more than the budget without a release."""

import os

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from chalicelib.features.device_parameters.guard import GuardLimits
from chalicelib.features.device_parameters.model import Budget
from tests.features.device_parameters.removals.guard_model import DAY, GuardModel, Pair

SEQUENCES = int(os.environ.get("GUARD_SEQUENCES", "200"))
SITES = {f"d{number}": "north" if number < 4 else "south" for number in range(10)}
PAIRS: list[Pair] = [(device, parameter) for device in SITES for parameter in ("p", "q")]
observations = st.sets(st.sampled_from(PAIRS))


class Guarded(RuleBasedStateMachine):
    """Runs that observe anything at all, at any time, and now and then a person."""

    @initialize(percent=st.integers(0, 60), group_percent=st.integers(0, 100), first=observations)
    def start(self, percent: int, group_percent: int, first: set[Pair]) -> None:
        self.model = GuardModel(GuardLimits(percent, 0, group_percent, 0), SITES)
        self.model.run(first)
        # Whatever was in the table as of some run, by the hour.
        self.seen: list[tuple[int, set[Pair]]] = [(0, set(self.model.table))]
        self.held_before: set[Pair] = set()

    @rule(hours=st.integers(0, 12), observed=observations, is_strict=st.booleans())
    def run(self, hours: int, observed: set[Pair], is_strict: bool) -> None:
        self._run(hours, observed, is_strict=is_strict)

    @rule(hours=st.integers(1, 6), silent=st.sets(st.sampled_from(PAIRS), max_size=4))
    def lose_a_few(self, hours: int, silent: set[Pair]) -> None:
        self._run(hours, self.model.table - self.model.held.keys() - silent)

    @rule(hours=st.integers(0, 3), new=observations)
    def grow_while_everything_else_is_silent(self, hours: int, new: set[Pair]) -> None:
        self._run(hours, new - self.model.table)

    @rule(hours=st.integers(0, 12), observed=observations, long_ago=observations)
    def run_in_a_wide_window(self, hours: int, observed: set[Pair], long_ago: set[Pair]) -> None:
        self._run(hours, observed, long_ago=long_ago)

    @rule()
    def release(self) -> None:
        self.model.release()
        self.held_before = set()

    @rule(observed=observations)
    def force(self, observed: set[Pair]) -> None:
        self.model.run(observed, is_forced=True)
        assert self.model.table == observed
        self._note()

    @invariant()
    def no_more_is_gone_than_the_budget_of_the_day_allows(self) -> None:
        since = self.model.hour - DAY
        there = set().union(*(table for until, table in self._tables() if until >= since))
        gone = self.model.gone()
        assert len(gone) * 100 <= self.model.limits.percent * len(there | gone)

    def _tables(self) -> list[tuple[int, set[Pair]]]:
        """Each table that a run has left, with the hour until which it stood."""
        ends = [*(hour for hour, _ in self.seen[1:]), self.model.hour]
        return [(end, table) for end, (_, table) in zip(ends, self.seen, strict=True)]

    def _run(
        self,
        hours: int,
        observed: set[Pair],
        *,
        is_strict: bool = False,
        long_ago: set[Pair] | None = None,
    ) -> None:
        self.model.hour += hours
        before = set(self.model.table)
        seen = observed | (long_ago or set())
        self.model.run(seen, is_strict=is_strict, is_wide=long_ago is not None)
        assert self.held_before - observed <= self.model.table, "what is held stays"
        if long_ago is not None:
            assert self.held_before <= self.model.held.keys(), "a wide window ends no hold"
        if is_strict:
            lets_go = before - observed - self.model.table
            assert not lets_go, "a window narrower than configured removes nothing"
        self._note()

    def _note(self) -> None:
        self.seen.append((self.model.hour, set(self.model.table)))
        held = self.model.held
        self.held_before = {pair for pair in held if held[pair] is not Budget.WINDOW}


def test_a_pair_that_was_released_later_is_no_loss() -> None:
    """Found by a random sequence: an earlier removal without a release went on counting."""
    pairs = set(PAIRS[:5])
    model = GuardModel(GuardLimits(40, 0, 100, 0), SITES)
    model.run(pairs)
    model.run(pairs - set(PAIRS[:2]))
    model.run(pairs)
    model.run(set(), is_forced=True)
    assert model.gone() == set()


TestGuarded = Guarded.TestCase
TestGuarded.settings = settings(max_examples=SEQUENCES, stateful_step_count=30)
