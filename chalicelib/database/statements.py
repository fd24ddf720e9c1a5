"""Named SQL statements: `sql.find_state` is the statement of that name in `queries.sql`."""

import re
from functools import cache
from pathlib import Path

from sqlalchemy import TextClause, text

_NAME = re.compile(r"^-- name: (\w+)\n", re.MULTILINE)


class Statements:
    """The statements of a file, each opened by a line `-- name: <name>`, as attributes.

    The file is read when its feature is imported. That every name in the code is one of the file,
    and every statement of the file is used, is held by a test over all features.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._by_name = load_statements(path)

    def __getattr__(self, name: str) -> TextClause:
        try:
            return self._by_name[name]
        except KeyError:
            raise AttributeError(f"{self._path.name} has no statement named {name!r}") from None


def statements_beside(module_file: str, name: str = "queries.sql") -> Statements:
    """The statements in the file *name* beside a module, which says where it is by `__file__`."""
    return Statements(Path(module_file).with_name(name))


@cache
def load_statements(path: Path) -> dict[str, TextClause]:
    """The statements of *path* by name.

    Raises `ValueError` where two statements share a name, so that neither is silently lost.
    """
    _, *sections = _NAME.split(path.read_text(encoding="utf-8"))
    names, bodies = sections[::2], sections[1::2]
    if len(names) != len(set(names)):
        raise ValueError(f"{path.name} names a statement twice")
    return {name: text(body.strip()) for name, body in zip(names, bodies, strict=True)}
