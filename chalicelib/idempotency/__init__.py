"""Requests that are carried out once, however often they are sent.

A caller that got no answer cannot know whether its request was carried out. It sends it again with
the same `Idempotency-Key`, and gets the first answer, which is kept in the transaction that did the
work.
"""

from chalicelib.idempotency.model import KEPT_FOR, Asking, KeptAnswer
from chalicelib.idempotency.store import claim, keep

__all__ = ["KEPT_FOR", "Asking", "KeptAnswer", "claim", "keep"]
