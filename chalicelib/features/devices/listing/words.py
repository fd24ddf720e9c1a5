"""Texts and lists in an address: how they are told apart."""

import re

from chalicelib.errors import InvalidRequestError

# What the table takes for the space between words.
_BETWEEN_WORDS = re.compile(r"[\s!-/:-@\[-`{-~]+", re.ASCII)
# Each is looked up by itself.
MAX_TERMS = 10
# Each of our ids begins so, which finds nothing.
_OF_OUR_IDS = re.compile("^dev-", re.IGNORECASE)


def words_of(name: str, spelled: str) -> list[str]:
    """The words of *spelled*; raises `InvalidRequestError` where there are none."""
    words = [word for word in _BETWEEN_WORDS.split(_OF_OUR_IDS.sub("", spelled)) if word]
    if not words:
        raise InvalidRequestError(f"{name} must have a letter or a digit", parameter=name)
    return _once(name, "words", words)


def tags_of(name: str, spelled: str) -> list[str]:
    """The tags of *spelled*, each once; raises `InvalidRequestError` where one is empty."""
    tags = [tag.strip() for tag in spelled.split(",")]
    if "" in tags:
        raise InvalidRequestError(f"{name} must be tags with commas between them", parameter=name)
    return _once(name, "tags", tags)


def _once(name: str, what: str, terms: list[str]) -> list[str]:
    """*terms*, each once; raises `InvalidRequestError` where these are too many."""
    found = list(dict.fromkeys(terms))
    if len(found) > MAX_TERMS:
        raise InvalidRequestError(f"{name} may have {MAX_TERMS} {what} at most", parameter=name)
    return found
