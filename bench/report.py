"""`python -m bench.report`: write the kept figures into the documents, and draw the plots."""

import os
import re
from collections.abc import Callable
from pathlib import Path

import click
import msgspec

from bench import changes, hours, million, plots, points
from bench.__main__ import KEPT
from bench.points import Point
from bench.table import (
    HEADERS,
    Rows,
    point_rows,
    point_title,
    reasons,
    server_text,
    verdict_rows,
    verdict_sentence,
)

_ROOT = Path(__file__).resolve().parent.parent
DOCUMENTS = (_ROOT / "bench" / "README.md", _ROOT / "docs" / "speed.md")
_FIGURES = re.compile(r"(<!-- figures: (\w+) -->\n).*?(<!-- end of figures -->)", re.DOTALL)
_DRAWN = {
    "grid-window.svg": "Seconds over the window, for each fleet and density",
    "grid-density.svg": "Seconds over the readings an hour",
    "grid-pairs.svg": "Seconds over the number of pairs",
}


def grid_figures(results: Path, _: Path) -> str:
    """A table for each point."""
    blocks = [_point_figures(point) for point in points.read(results / "grid.json")]
    return "\n\n".join(blocks) or _unmeasured("python -m bench --sizes full")


def _point_figures(point: Point) -> str:
    parts = [
        f"**{point_title(point)}.**",
        markdown_table(HEADERS, point_rows(point)),
        "\n".join(f"- {reason}" for reason in reasons(point)),
        f"{server_text(point.machine)}.",
    ]
    return "\n\n".join(parts)


def verdict_figures(results: Path, _: Path) -> str:
    """The grid against its goals."""
    found = points.read(results / "grid.json")
    if not found:
        return _unmeasured("python -m bench --sizes full")
    servers = dict.fromkeys(server_text(point.machine) for point in found)
    said = "\n".join(f"Measured on: {server}." for server in servers)
    return f"{markdown_table(*verdict_rows(found))}\n\n{verdict_sentence(found)}\n\n{said}"


def plot_figures(results: Path, document: Path) -> str:
    """Links to what has been drawn."""
    links = [
        f"![{text}]({Path(os.path.relpath(results / name, document.parent)).as_posix()})"
        for name, text in _DRAWN.items()
        if (results / name).exists()
    ]
    return "\n".join(links) or _unmeasured("python -m bench --sizes full")


def million_figures(results: Path, _: Path) -> str:
    """What the largest changes of a large fleet cost."""
    path = results / "million.json"
    if not path.exists():
        return _unmeasured("python -m bench.million")
    found = msgspec.json.decode(path.read_bytes(), type=million.Document)
    table = markdown_table(million.HEADERS, million.rows(found))
    return f"**{found.pairs:,} pairs.**\n\n{table}\n\n{server_text(found.machine)}."


def changes_figures(results: Path, _: Path) -> str:
    """What many changes cost a run."""
    path = results / "changes.json"
    if not path.exists():
        return _unmeasured("python -m bench.changes")
    found = msgspec.json.decode(path.read_bytes(), type=changes.Document)
    table = markdown_table(changes.HEADERS, changes.rows(found))
    return f"{table}\n\n{changes.sentence(found)} {server_text(found.machine)}."


def hours_figures(results: Path, _: Path) -> str:
    """Whether an hour takes longer to refresh as its chunk fills."""
    path = results / "hours.json"
    if not path.exists():
        return _unmeasured("python -m bench.hours")
    found = msgspec.json.decode(path.read_bytes(), type=hours.Document)
    table = markdown_table(hours.HEADERS, hours.rows(found))
    return f"**{found.pairs:,} pairs.**\n\n{table}\n\n{server_text(found.machine)}."


FIGURES: dict[str, Callable[[Path, Path], str]] = {
    "grid": grid_figures,
    "verdict": verdict_figures,
    "plots": plot_figures,
    "million": million_figures,
    "changes": changes_figures,
    "hours": hours_figures,
}


def with_figures(text: str, results: Path, document: Path) -> str:
    """The text with what stands between its marks replaced; raises `KeyError` for unknown ones."""

    def replaced(found: re.Match[str]) -> str:
        return f"{found[1]}\n{FIGURES[found[2]](results, document)}\n\n{found[3]}"

    return _FIGURES.sub(replaced, text)


def markdown_table(headers: list[str], rows: Rows) -> str:
    """A table for a document; the first column is a name."""
    ruler = ["---", *("---:" for _ in headers[1:])]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (headers, ruler, *rows))


def _unmeasured(command: str) -> str:
    return f"Not measured yet: `{command}`."


@click.command()
@click.option(
    "--results", type=click.Path(path_type=Path, file_okay=False), default=KEPT, show_default=True
)
@click.argument("documents", nargs=-1, type=click.Path(path_type=Path, dir_okay=False))
def main(results: Path, documents: tuple[Path, ...]) -> None:
    """Write figures into DOCUMENTS, by default those of this repository."""
    plots.plot(results, points.read(results / "grid.json"))
    for document in documents or DOCUMENTS:
        text = document.read_text(encoding="utf-8")
        document.write_text(with_figures(text, results, document), encoding="utf-8")
        click.echo(f"Written: {document}")


if __name__ == "__main__":
    main()
