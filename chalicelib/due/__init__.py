"""Work that is due: a row says when, and whoever claims it does it.

A feature keeps such rows in a table of its own, made with `due_columns`. What wants the work puts
a row there in its own transaction. A function that a schedule starts each minute claims rows, does
the work, and settles them. A process that is killed on the way leaves its rows claimed; when the
lease has run out they are due again. So the work has to bear being done twice, one after the other.
"""

from chalicelib.due.store import (
    Claimed,
    Waiting,
    claim,
    due_columns,
    postpone,
    put,
    settle,
    waiting,
)

__all__ = [
    "Claimed",
    "Waiting",
    "claim",
    "due_columns",
    "postpone",
    "put",
    "settle",
    "waiting",
]
