"""What every use case is told: who asks, and whose devices they see."""

from collections.abc import Callable
from dataclasses import dataclass

from chalicelib.audit import Actor


@dataclass(frozen=True)
class Request:
    """A request of *actor*, who sees the devices of *organization*, or of `EVERY_ORGANIZATION`.

    *require_version* raises where it is for another version than the one that it is given.
    *keeps_master* says whether the platform's master table is ours to write.
    """

    actor: Actor
    organization: str
    require_version: Callable[[int], None]
    keeps_master: bool
