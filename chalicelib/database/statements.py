"""Named SQL statements: one `queries.sql` a feature, read once at import."""

import re
from functools import cache
from pathlib import Path

from sqlalchemy import TextClause, text

_NAME = re.compile(r"^-- name: (\w+)\n", re.MULTILINE)


@cache
def load_statements(path: Path) -> dict[str, TextClause]:
    """The statements of *path* by name, each opened by a line `-- name: <name>`.

    Raises `ValueError` where two statements share a name, so that neither is silently lost.
    """
    _, *sections = _NAME.split(path.read_text(encoding="utf-8"))
    names, bodies = sections[::2], sections[1::2]
    if len(names) != len(set(names)):
        raise ValueError(f"{path.name} names a statement twice")
    return {name: text(body.strip()) for name, body in zip(names, bodies, strict=True)}
