"""Arrays as PostgreSQL spells them, for statements that take very many values."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

_encode = msgspec.json.Encoder().encode


def array_literal(values: Sequence[str | float | datetime | None]) -> str:
    """*values* as the text of an array, for a statement to cast: the driver's lists take longer.

    JSON spells everything alike but brackets, and backslashes within texts.
    """
    spelled = _encode(values).decode()
    if "\\" in spelled:
        spelled = f"[{','.join(_element(value) for value in values)}]"
    return f"{{{spelled[1:-1]}}}"


def _element(value: str | float | datetime | None) -> str:
    if not isinstance(value, str):
        return _encode(value).decode()
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
