"""The statements of removals that are held, as functions: a connection first, values out."""

from datetime import datetime

from sqlalchemy import Connection

from chalicelib.database import advisory
from chalicelib.database.statements import statements_beside
from chalicelib.features.device_parameters.bodies import RemovedPair
from chalicelib.features.device_parameters.guard import GuardLimits, Standing
from chalicelib.features.device_parameters.model import Budget, Obstacle

# About what a hundred thousand pairs take that have just fallen silent.
LAST_SEEN_SECONDS = 30.0

sql = statements_beside(__file__)


def place_removals(connection: Connection) -> None:
    """Note the site and the device type of each planned removal, where the master data has them."""
    connection.execute(sql.place_removals)


def recall_held(connection: Connection) -> None:
    """Mark the planned removals that earlier runs held, or that a person has released since."""
    connection.execute(sql.recall_held)


def keep_released(connection: Connection) -> None:
    """Hold once more what a person has released; the release stands."""
    connection.execute(sql.keep_released)


def count_undecided(connection: Connection) -> int:
    """How many planned removals are neither held nor released."""
    return int(connection.execute(sql.count_undecided).scalar_one())


def gather_silent(connection: Connection, since: datetime) -> None:
    """Put what would be removed, is held, or was removed after *since*, into a temporary table."""
    connection.execute(sql.gather_silent, {"since": since})


def weigh_table(connection: Connection, trusted_at: datetime | None) -> Standing:
    """How much of the table is silent; pairs that are newer than *trusted_at* are not counted."""
    row = connection.execute(sql.weigh_table, {"trusted_at": trusted_at}).one()
    return Standing(Budget.TABLE, None, row.silent, row.base, row.size)


def weigh_groups(
    connection: Connection, trusted_at: datetime | None, limits: GuardLimits
) -> list[Standing]:
    """The same of each site and device type of which enough is silent to matter."""
    values = {
        "trusted_at": trusted_at,
        "percent": limits.group_percent,
        "min_pairs": limits.group_min_pairs,
    }
    return [
        Standing(Budget(row.scope), row.group_id, int(row.silent), int(row.base), int(row.size))
        for row in connection.execute(sql.weigh_groups, values)
    ]


def hold_all(connection: Connection, budget: Budget) -> None:
    """Hold every planned removal that is not released."""
    connection.execute(sql.hold_all, {"scope": budget})


def hold_expired(connection: Connection) -> None:
    """Hold every planned removal of a pair whose window seems to have expired; releases stand."""
    connection.execute(sql.hold_expired)


def hold_groups(connection: Connection, exceeded: list[Standing]) -> None:
    """Hold the planned removals of these groups."""
    values = {
        "sites": [one.group for one in exceeded if one.budget is Budget.SITE],
        "device_types": [one.group for one in exceeded if one.budget is Budget.DEVICE_TYPE],
    }
    connection.execute(sql.hold_groups, values)


def release_planned(connection: Connection) -> None:
    """Mark every planned removal as released by whoever forced the run."""
    connection.execute(sql.release_planned)


def count_held(connection: Connection) -> int:
    """How many planned removals are held."""
    return int(connection.execute(sql.count_held).scalar_one())


def count_kept(connection: Connection) -> int:
    """How many held removals are observed in this run's window, which is wider than configured."""
    return int(connection.execute(sql.count_kept).scalar_one())


def remember_held(
    connection: Connection, run_id: int, *, is_wide: bool, is_any_planned: bool
) -> None:
    """Bring `held_removals` in step with what the plan holds; unchanged rows are not written.

    Where the plan holds nothing, as *is_any_planned* says, there is nothing new to remember.
    What is observed in a window wider than configured is neither forgotten nor taken back.
    """
    values = {"is_wide": is_wide}
    is_any = connection.execute(sql.any_held).scalar_one()
    if is_any and connection.execute(sql.lock_outdated_held, values).scalar_one() > 0:
        connection.execute(sql.forget_held, values)
        connection.execute(sql.renew_held)
    if is_any_planned:
        _remember_new(connection, run_id)


def _remember_new(connection: Connection, run_id: int) -> None:
    """A run does not fail for want of the aggregate, which says when a pair was last seen.

    Nor does it wait for that: a pair that has been silent for long is looked for, chunk by chunk,
    in what is compressed.
    """
    values = {"run_id": run_id}
    remembered = advisory(
        connection,
        "last seen",
        lambda _: connection.execute(sql.remember_held, values).rowcount,
        seconds=LAST_SEEN_SECONDS,
    )
    if remembered is None:
        connection.execute(sql.remember_held_unseen, values)


def count_waiting(connection: Connection) -> int:
    """How many removals wait for a person."""
    return int(connection.execute(sql.count_waiting).scalar_one())


def first_held(connection: Connection, limit: int) -> list[RemovedPair]:
    """The first removals that wait, in key order."""
    return [
        RemovedPair(**{**row._mapping, "reason": Obstacle(row.reason)})
        for row in connection.execute(sql.list_first_held, {"limit": limit})
    ]


def newest_held_id(connection: Connection) -> int:
    """The number of the newest held removal; 0 where there is none."""
    return int(connection.execute(sql.newest_held_id).scalar_one())


def newest_measurement_at(connection: Connection) -> datetime | None:
    """The time of the newest measurement of all devices, up to now."""
    newest: datetime | None = connection.execute(sql.newest_measurement).scalar_one()
    return newest
