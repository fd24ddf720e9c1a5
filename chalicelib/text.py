"""What a text may hold, and how it is shown on a terminal that its characters could control."""


def is_storable_text(text: str) -> bool:
    """Whether PostgreSQL could hold *text*: it has no NUL, and nothing that UTF-8 cannot spell."""
    return "\0" not in text and text == text.encode(errors="ignore").decode()


def shown(text: str) -> str:
    """*text* with its invisible characters spelled, such as `\\x1b` and `\\u202e`.

    Those could control a terminal: control characters, characters that change the direction of a
    text, and line ends, with which a name could pass for a line of our own.
    """
    return text if text.isprintable() else "".join(map(_shown_character, text))


def _shown_character(character: str) -> str:
    if character.isprintable():
        return character
    return character.encode("unicode_escape").decode()
