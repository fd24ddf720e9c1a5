"""What is wrong with the values of one column, and in which rows."""

from collections.abc import Callable
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from chalicelib.features.parquet_loads.rows.model import Reason


@dataclass(frozen=True)
class Problem:
    """One thing that may be wrong. *mask*, which has no nulls, says in which rows it is.

    *message* follows the name of the column: "is missing".
    """

    reason: Reason
    mask: pa.BooleanArray
    message: str


@dataclass(frozen=True)
class Converted:
    """A column in its canonical type, with null where there is a problem.

    Where a row has several of the *problems*, the first of them is the reason to reject it.
    """

    values: pa.Array
    problems: list[Problem]


Converter = Callable[[pa.Array], Converted]


def missing(array: pa.Array) -> Problem:
    """The values that are null though the column must have a value."""
    return Problem(Reason.MISSING, pc.is_null(array), "is missing")


def where(mask: pa.Array, reason: Reason, message: str) -> Problem:
    """A problem of the rows for which *mask* is true.

    The mask is null where a value could not be judged. Such a value has another problem already.
    """
    return Problem(reason, pc.fill_null(mask, False), message)


def bad_rows(problems: list[Problem], length: int) -> pa.BooleanArray:
    """Which of *length* rows have any problem."""
    bad = pa.repeat(False, length)
    for problem in problems:
        bad = pc.or_(bad, problem.mask)
    return bad


def occurring(problems: list[Problem]) -> list[Problem]:
    """Those problems that some row has. In most columns there are none."""
    return [problem for problem in problems if pc.any(problem.mask).as_py()]


def without_bad_values(array: pa.Array, problems: list[Problem]) -> pa.Array:
    """*array* with null in place of every bad value, so that converting the rest cannot fail."""
    if not problems:
        return array
    bad = bad_rows(problems, len(array))
    # if_else would do the same, but its result keeps room for the text that was left out, and
    # taking rows from that result repeats the room.
    return pc.replace_with_mask(array, bad, pa.scalar(None, array.type))
