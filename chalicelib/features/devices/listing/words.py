"""Texts and lists in an address: how they are told apart."""

import re

from chalicelib.errors import InvalidRequestError

# What the table takes for the space between words.
_BETWEEN_WORDS = re.compile(r"[\s!-/:-@\[-`{-~]+", re.ASCII)
# Each of our ids begins so, which finds nothing.
_OF_OUR_IDS = re.compile("^dev-", re.IGNORECASE)


def words_of(name: str, spelled: str) -> list[str]:
    """The words of *spelled*; raises `InvalidRequestError` where there are none."""
    words = [word for word in _BETWEEN_WORDS.split(_OF_OUR_IDS.sub("", spelled)) if word]
    if not words:
        raise InvalidRequestError(f"{name} must have a letter or a digit", parameter=name)
    return list(dict.fromkeys(words))


def tags_of(name: str, spelled: str) -> list[str]:
    """The tags of *spelled*, each once; raises `InvalidRequestError` where one is empty."""
    tags = [tag.strip() for tag in spelled.split(",")]
    if "" in tags:
        raise InvalidRequestError(f"{name} must be tags with commas between them", parameter=name)
    return list(dict.fromkeys(tags))
