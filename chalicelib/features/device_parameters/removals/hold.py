"""Which of the removals that a run plans have to wait for a person."""

from sqlalchemy import Connection

from chalicelib.features.device_parameters.guard import GuardLimits, Standing, exceeded
from chalicelib.features.device_parameters.model import Budget, GuardMode, Plan
from chalicelib.features.device_parameters.removals import store
from chalicelib.features.device_parameters.removals.store import Judged


def hold_removals(
    connection: Connection,
    mode: GuardMode,
    limits: GuardLimits,
    plan: Plan,
    *,
    is_trusted: bool = True,
) -> int:
    """Mark in `pg_temp.planned_change` the removals that wait; returns how many they are.

    What earlier runs held stays held until it is observed again, or a person releases it. Where
    the aggregate is not to be trusted, no pair is removed because its window has expired.
    """
    if limits.is_off and is_trusted:
        return 0
    if mode is GuardMode.RELEASED:
        store.release_planned(connection)
        return 0
    judged = store.judge_removals(
        connection,
        is_recalled=plan.is_any_held and not limits.is_off,
        is_strict=mode is GuardMode.STRICT,
        is_trusted=is_trusted,
    )
    if judged.undecided == 0 or limits.is_off:
        return judged.held
    if mode is GuardMode.STRICT:
        store.hold_all(connection, Budget.WINDOW)
    elif not _is_any_exceeded(connection, limits, plan, judged):
        return judged.held
    return store.count_held(connection)


def _is_any_exceeded(
    connection: Connection, limits: GuardLimits, plan: Plan, judged: Judged
) -> bool:
    """Whether the table is over its limit, or a group of it; their removals are then held.

    How many of the pairs that were removed within the day have not come back is counted only where
    it may matter.
    """
    is_in_question = exceeded([_table(plan, judged, judged.gone_at_most)], limits)
    if not is_in_question and not judged.placed:
        return False
    table = _table(plan, judged, store.count_gone(connection))
    if exceeded([table], limits):
        store.hold_all(connection, Budget.TABLE)
        return True
    if table.size < limits.min_pairs or not limits.may_be_exceeded_in_a_group(table.silent):
        return False
    groups = exceeded(store.weigh_groups(connection, plan.trusted_at, limits), limits)
    if groups:
        store.hold_groups(connection, groups)
    return bool(groups)


def _table(plan: Plan, judged: Judged, gone: int) -> Standing:
    return Standing(
        Budget.TABLE, None, judged.silent + gone, plan.trusted + gone, plan.known + gone
    )
