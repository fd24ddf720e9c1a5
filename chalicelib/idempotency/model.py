"""A request that has a key, and the answer that is kept of it. Standard library only."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

KEPT_FOR = timedelta(hours=24)


@dataclass(frozen=True)
class Asking:
    """A request: who sends it, under which *key*, and a *fingerprint* of all that it asks for.

    *organization* is the one whose rows the transaction sees; None where it sees all of them.
    """

    subject: str
    key: str
    fingerprint: str
    organization: str | None


@dataclass(frozen=True)
class KeptAnswer:
    """What was answered the first time; *body* is JSON."""

    status: int
    headers: Mapping[str, str]
    body: str
