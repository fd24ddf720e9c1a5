"""Which of the removals that a run plans have to wait for a person."""

from datetime import timedelta

from sqlalchemy import Connection

from chalicelib.features.device_parameters import run_log
from chalicelib.features.device_parameters.guard import GuardLimits, exceeded
from chalicelib.features.device_parameters.model import Budget, GuardMode
from chalicelib.features.device_parameters.removals import store
from chalicelib.features.device_parameters.store import database_clock

ROLLING_DAY = timedelta(days=1)


def hold_removals(
    connection: Connection,
    mode: GuardMode,
    limits: GuardLimits,
    configured_minutes: int,
    *,
    is_trusted: bool = True,
) -> int:
    """Mark in `pg_temp.planned_change` the removals that wait; returns how many they are.

    What earlier runs held stays held until it is observed again, or a person releases it. Where
    the aggregate is not to be trusted, no pair is removed because its window has expired. What a
    run with a window of more than *configured_minutes* has left in the table is no measure of it.
    """
    if limits.is_off and is_trusted:
        return 0
    if mode is GuardMode.RELEASED:
        store.release_planned(connection)
        return 0
    store.place_removals(connection)
    if not limits.is_off:
        store.recall_held(connection)
    if mode is GuardMode.STRICT:
        store.keep_released(connection)
    if not is_trusted:
        store.hold_expired(connection)
    if limits.is_off:
        return store.count_held(connection)
    if store.count_undecided(connection) > 0:
        _decide(connection, mode, limits, configured_minutes)
    return store.count_held(connection)


def _decide(
    connection: Connection, mode: GuardMode, limits: GuardLimits, configured_minutes: int
) -> None:
    if mode is GuardMode.STRICT:
        store.hold_all(connection, Budget.WINDOW)
        return
    trusted = run_log.last_trusted(connection, configured_minutes)
    trusted_at = trusted.finished_at if trusted else None
    store.gather_silent(connection, database_clock(connection) - ROLLING_DAY)
    table = store.weigh_table(connection, trusted_at)
    if exceeded([table], limits):
        store.hold_all(connection, Budget.TABLE)
    elif table.size >= limits.min_pairs:
        groups = store.weigh_groups(connection, trusted_at, limits)
        store.hold_groups(connection, exceeded(groups, limits))
