"""What the guard lets go and what it holds, as sets in memory: written without the database.

The decision itself is the application's own; what is counted for it is worked out here.
"""

from collections.abc import Set
from dataclasses import dataclass, field

from chalicelib.features.device_parameters.guard import GuardLimits, Standing, exceeded
from chalicelib.features.device_parameters.model import Budget

Pair = tuple[str, str]

DAY = 24


@dataclass
class GuardModel:
    """A table of pairs, the site of each device, and a clock in hours.

    *removed* has what left the table without a release, with the hour. *trusted* are the pairs of
    the last run that held nothing, as far as they are in the table still.
    """

    limits: GuardLimits
    site_of: dict[str, str]
    hour: int = 0
    table: set[Pair] = field(default_factory=set)
    held: dict[Pair, Budget] = field(default_factory=dict)
    released: set[Pair] = field(default_factory=set)
    removed: list[tuple[Pair, int]] = field(default_factory=list)
    trusted: set[Pair] | None = None

    def run(
        self,
        observed: Set[Pair],
        *,
        is_strict: bool = False,
        is_forced: bool = False,
        is_wide: bool = False,
    ) -> None:
        """A run that observes these pairs.

        In a window wider than configured, to be observed ends neither a hold nor a release, and
        what the run leaves in the table is no measure of it.
        """
        planned = self.table - observed
        kept: dict[Pair, Budget] = {
            pair: budget
            for pair, budget in self.held.items()
            if pair in planned and budget is not Budget.WINDOW
        }
        beside = set(observed) if is_wide else set()
        held_beside = {pair: self.held[pair] for pair in self.held.keys() & beside}
        let_go = self.released & planned
        # In a narrow window what was released may be silent by chance: it waits for a whole one.
        waiting = let_go if is_strict else set()
        freed = planned if is_forced else let_go - waiting
        undecided = planned - kept.keys() - let_go
        newly_held = {} if is_forced else self._hold(undecided, kept, is_strict=is_strict)
        self.held = {} if is_forced else {**kept, **newly_held}
        leaving = planned - self.held.keys() - waiting
        self.held |= held_beside
        # Whoever releases a pair has looked at it, whatever was removed of it before.
        self.removed = [(pair, hour) for pair, hour in self.removed if pair not in leaving & freed]
        self.removed += [(pair, self.hour) for pair in leaving - freed]
        self.released = waiting | (self.released & beside)
        self.table = (self.table - leaving) | observed
        if not self.held and not waiting and not is_wide:
            self.trusted = set(self.table)
        elif self.trusted is not None:
            # A pair that has left and come back is new.
            self.trusted -= leaving

    def release(self) -> None:
        """A person lets go whatever is held."""
        self.released |= self.held.keys()
        self.held = {}

    def gone(self, *, within: int = DAY) -> set[Pair]:
        """What was removed without a release in the last hours, and has not come back."""
        since = self.hour - within
        return {pair for pair, hour in self.removed if hour > since} - self.table

    def _hold(
        self, undecided: set[Pair], kept: dict[Pair, Budget], *, is_strict: bool
    ) -> dict[Pair, Budget]:
        if is_strict:
            return dict.fromkeys(undecided, Budget.WINDOW)
        if not undecided:
            return {}
        silent = undecided | kept.keys() | self.gone()
        base = (self.table if self.trusted is None else self.trusted & self.table) | self.gone()
        there = self.table | self.gone()
        table = Standing(Budget.TABLE, None, len(silent), len(base), len(there))
        if exceeded([table], self.limits):
            return dict.fromkeys(undecided, Budget.TABLE)
        if len(there) < self.limits.min_pairs:
            return {}
        sites = self._exceeded_sites(silent, base, there)
        return {pair: Budget.SITE for pair in undecided if self.site_of[pair[0]] in sites}

    def _exceeded_sites(
        self, silent: set[Pair], base: set[Pair], there: set[Pair]
    ) -> set[str | None]:
        standings = [
            Standing(
                Budget.SITE,
                site,
                self._count(silent, site),
                self._count(base, site),
                self._count(there, site),
            )
            for site in set(self.site_of.values())
        ]
        return {standing.group for standing in exceeded(standings, self.limits)}

    def _count(self, pairs: set[Pair], site: str) -> int:
        return sum(self.site_of[device] == site for device, _ in pairs)
