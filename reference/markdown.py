"""Markdown: headings and tables."""

from collections.abc import Iterable, Sequence

Row = Sequence[str]


def section(title: str, *parts: str) -> str:
    """A heading of the second level and the *parts* below it; empty where there are none."""
    said = [part for part in parts if part]
    return "\n\n".join([f"## {title}", *said]) if said else ""


def table(title: str, head: Row, rows: Iterable[Row]) -> str:
    """A table under a heading of its own; empty where there are no rows."""
    lines = [_row(row) for row in rows]
    if not lines:
        return ""
    rule = "|" + "---|" * len(head)
    return "\n".join([f"### {title}", "", _row(head), rule, *lines])


def code(text: object) -> str:
    """*text* in backticks, as something to type; empty where there is none."""
    return f"`{text}`" if text not in (None, "") else ""


def _row(cells: Row) -> str:
    return "| " + " | ".join(cell.replace("|", r"\|") for cell in cells) + " |"
