"""The statements of removals that are held, as functions: a connection first, values out."""

from dataclasses import dataclass
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


@dataclass(frozen=True)
class Judged:
    """How many planned removals are neither held nor released, and how many are held by now.

    *silent* are those that nobody has released, *placed* those of a site or a device type.
    *gone_at_most* is how many pairs were removed within the day, of which some have come back.
    """

    undecided: int
    held: int
    silent: int
    placed: int
    gone_at_most: int


def judge_removals(
    connection: Connection, *, is_recalled: bool, is_strict: bool, is_trusted: bool
) -> Judged:
    """Note where each planned removal is, and what earlier runs and persons have said of it.

    With *is_recalled*, what earlier runs have held stays held, and what a person has released since
    does not; with *is_strict* it is held once more, and the release stands. Where the aggregate is
    not *is_trusted*, whatever seems to have expired is held.
    """
    values = {"is_recalled": is_recalled, "is_strict": is_strict, "is_trusted": is_trusted}
    return Judged(**connection.execute(sql.judge_removals, values).one()._mapping)


def count_gone(connection: Connection) -> int:
    """How many pairs were removed within the day, not released, and have not come back."""
    return int(connection.execute(sql.count_gone).scalar_one())


def weigh_groups(
    connection: Connection, trusted_at: datetime | None, limits: GuardLimits
) -> list[Standing]:
    """How much of each site and device type is silent, where that is enough to matter.

    Pairs that are newer than *trusted_at* are not counted.
    """
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
    connection: Connection, run_id: int, *, is_wide: bool, is_any_held: bool, is_any_planned: bool
) -> None:
    """Bring `held_removals` in step with what the plan holds; unchanged rows are not written.

    Where nothing has been held, there is nothing to bring in step; where the plan holds nothing, as
    *is_any_planned* says, there is nothing new to remember.
    What is observed in a window wider than configured is neither forgotten nor taken back.
    """
    values = {"is_wide": is_wide}
    if is_any_held and connection.execute(sql.lock_outdated_held, values).scalar_one() > 0:
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
