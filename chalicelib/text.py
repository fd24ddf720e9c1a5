"""What a text may hold."""


def is_storable_text(text: str) -> bool:
    """Whether PostgreSQL could hold *text*: no NUL, and nothing UTF-8 cannot say."""
    return "\0" not in text and text == text.encode(errors="ignore").decode()
