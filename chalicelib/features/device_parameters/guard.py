"""How much a run may remove before a person has to look."""

from collections.abc import Iterable
from dataclasses import dataclass

from chalicelib.features.device_parameters.model import Budget


@dataclass(frozen=True)
class GuardLimits:
    """The share of the table, and of a group, that may fall silent within a day, in percent.

    A group is a site, or a type of devices. A table or a group of fewer pairs than its minimum is
    not guarded: there one device is half of everything.
    """

    percent: int
    min_pairs: int
    group_percent: int
    group_min_pairs: int

    @property
    def is_off(self) -> bool:
        """Whether everything may be removed at once."""
        return self.percent >= 100

    def may_be_exceeded_in_a_group(self, silent: int) -> bool:
        """Whether *silent* pairs could be too many of a group, which has a minimum of pairs."""
        return self.group_percent < 100 and silent * 100 > self.group_percent * self.group_min_pairs


@dataclass(frozen=True)
class Standing:
    """How many pairs of the table, or of a group, are silent, and of how many they are.

    *silent* are the pairs that a run would remove, those that are held already, and those that
    runs of the last day have removed without a release and that have not come back. *base* are the
    pairs that were there as of the last run that held nothing, with those removed since; *size*
    has those that have been added since as well.
    """

    budget: Budget
    group: str | None
    silent: int
    base: int
    size: int

    def weighed_against(self, min_pairs: int) -> int:
        """Of how many pairs a share is taken: where almost all of them are new, of all."""
        return self.base if self.base >= min_pairs else self.size


def exceeded(standings: Iterable[Standing], limits: GuardLimits) -> list[Standing]:
    """The *standings* that are over their limit: a person has to look at their removals.

    An outage of ingestion looks just like a fleet that died. Because what was removed during the
    day counts as well, an outage that spreads step by step is noticed like one that is sudden.
    """
    return [standing for standing in standings if _is_exceeded(standing, limits)]


def _is_exceeded(standing: Standing, limits: GuardLimits) -> bool:
    is_table = standing.budget is Budget.TABLE
    percent = limits.percent if is_table else limits.group_percent
    min_pairs = limits.min_pairs if is_table else limits.group_min_pairs
    is_guarded = percent < 100 and standing.size >= min_pairs
    return is_guarded and standing.silent * 100 > percent * standing.weighed_against(min_pairs)
