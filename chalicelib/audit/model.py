"""Who acts. Standard library only."""

from dataclasses import dataclass

# Of the reason that an actor gives.
MAX_COMMENT_LENGTH = 500


@dataclass(frozen=True)
class Actor:
    """Whoever asks for something, and the id of the request, or of the invocation, that asks.

    *name* is the subject of a token, `cli:<user>@<host>` for a command, and `lambda` for an
    invocation, whose caller AWS does not name.
    """

    name: str
    request_id: str | None = None
