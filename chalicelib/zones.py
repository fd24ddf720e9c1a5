"""Time zones by their IANA names.

The list is that of the package `tzdata`, so that every machine knows the same: Lambda has no time
zones of its own, and a server has files among them that name none.
"""

from functools import cache
from importlib.resources import files


def is_zone(name: str) -> bool:
    """Whether *name* is that of a time zone, such as `America/New_York` or `UTC`."""
    return name in _names()


@cache
def _names() -> frozenset[str]:
    listed = files("tzdata").joinpath("zones").read_text("utf-8").split()
    # The database lists it for machines whose zone nobody has set.
    return frozenset(listed) - {"Factory"}
