"""Who did what to the application, written down in the transaction that does it."""

from chalicelib.audit.model import MAX_COMMENT_LENGTH, Actor
from chalicelib.audit.store import list_entries, record

__all__ = ["MAX_COMMENT_LENGTH", "Actor", "list_entries", "record"]
