"""What every use case is told: who asks, and whose users they see."""

from collections.abc import Callable
from dataclasses import dataclass

from chalicelib.audit import Actor


@dataclass(frozen=True)
class Request:
    """A request of *actor*, who sees the users of *organization*, or of `EVERY_ORGANIZATION`.

    *require_version* raises where it is for another version than the one that it is given.
    *has_pool* says whether there is a user pool to be told.
    """

    actor: Actor
    organization: str
    require_version: Callable[[int], None]
    has_pool: bool
