"""Ids that are made here: a word for the kind, so that none is taken for another or for a path."""

import secrets


def new_id(kind: str) -> str:
    """An id such as `user-4f1c09a2b7d35e60c8aa`, which nobody can guess."""
    return f"{kind}-{secrets.token_hex(10)}"
