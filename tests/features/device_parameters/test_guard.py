"""How much may fall silent before a person has to look."""

import pytest

from chalicelib.features.device_parameters.guard import GuardLimits, Standing, exceeded
from chalicelib.features.device_parameters.model import Budget

LIMITS = GuardLimits(percent=20, min_pairs=100, group_percent=50, group_min_pairs=40)


@pytest.mark.parametrize(
    ("silent", "base", "is_exceeded"),
    [
        (20, 100, False),
        (21, 100, True),
        (21, 101, True),
        (20, 101, False),
        (99, 99, False),
        (0, 100, False),
        (150, 100, True),
    ],
)
def test_the_table_may_lose_its_share(silent: int, base: int, is_exceeded: bool) -> None:
    table = Standing(Budget.TABLE, None, silent, base, base)
    assert exceeded([table], LIMITS) == [table] * is_exceeded


@pytest.mark.parametrize(
    ("silent", "base", "is_exceeded"),
    [(20, 40, False), (21, 40, True), (39, 39, False)],
)
@pytest.mark.parametrize("budget", [Budget.SITE, Budget.DEVICE_TYPE])
def test_a_group_has_limits_of_its_own(
    budget: Budget, silent: int, base: int, is_exceeded: bool
) -> None:
    group = Standing(budget, "north", silent, base, base)
    assert exceeded([group], LIMITS) == [group] * is_exceeded


@pytest.mark.parametrize(("silent", "may_be"), [(20, False), (21, True)])
def test_where_few_are_silent_no_group_has_to_be_counted(silent: int, may_be: bool) -> None:
    assert LIMITS.may_be_exceeded_in_a_group(silent) is may_be
    smallest = Standing(Budget.SITE, "north", silent, 40, 40)
    assert (exceeded([smallest], LIMITS) != []) is may_be


def test_a_group_without_a_limit_never_has_to_be_counted() -> None:
    assert not GuardLimits(20, 100, 100, 0).may_be_exceeded_in_a_group(1_000_000)


@pytest.mark.parametrize(("percent", "is_exceeded"), [(0, True), (99, True), (100, False)])
def test_a_share_of_100_percent_is_no_limit(percent: int, is_exceeded: bool) -> None:
    limits = GuardLimits(percent, 0, percent, 0)
    standings = [
        Standing(Budget.TABLE, None, 150, 100, 150),
        Standing(Budget.SITE, "north", 150, 100, 150),
    ]
    assert exceeded(standings, limits) == standings * is_exceeded
    assert limits.is_off is not is_exceeded


@pytest.mark.parametrize(
    ("silent", "base", "size", "is_exceeded"),
    [
        # Too few were trusted to be guarded, and many have come since: all of them count.
        (101, 0, 200, True),
        (100, 0, 200, False),
        (101, 39, 200, True),
        # Where enough were trusted, what has come since does not make a loss look small.
        (21, 40, 200, True),
        (39, 0, 39, False),
    ],
)
def test_what_is_mostly_new_is_weighed_against_all_of_it(
    silent: int, base: int, size: int, is_exceeded: bool
) -> None:
    group = Standing(Budget.SITE, "north", silent, base, size)
    assert exceeded([group], LIMITS) == [group] * is_exceeded
