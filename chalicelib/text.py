"""What a text may hold."""


def is_storable_text(text: str) -> bool:
    """Whether PostgreSQL could hold *text*: it has no NUL, and nothing that UTF-8 cannot spell."""
    return "\0" not in text and text == text.encode(errors="ignore").decode()
