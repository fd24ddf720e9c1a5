"""When a run must not remove what it plans to remove."""

from dataclasses import dataclass

from chalicelib.features.device_parameters.model import Plan


@dataclass(frozen=True)
class GuardLimits:
    """Removals beyond *percent* of a table of at least *min_pairs* pairs are held."""

    percent: int
    min_pairs: int


def holds_removals(plan: Plan, limits: GuardLimits) -> bool:
    """Whether the removals of *plan* wait for a person.

    An ingestion outage looks just like a fleet that died. Small tables are exempt: there one
    device is half of everything.
    """
    if plan.known < limits.min_pairs:
        return False
    return plan.to_remove * 100 > limits.percent * plan.known
