"""`python -m bench.anomalies FOLDER`: which anomalies are found in labelled series, at what cost.

The folder holds series of the Numenta Anomaly Benchmark (Lavin and Ahmad 2015), and their labels in
`windows.json`. They are not part of this project.
"""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from bench import results
from bench.anomalies.costs import DISTANCES, HALF_LIVES, costs, sensitivity
from bench.anomalies.labelled import Score, Series, load, scored
from bench.anomalies.made import MADE
from bench.anomalies.ways import WAYS
from bench.table import Rows, terminal_table, wide_console

KEPT = Path(__file__).resolve().parent.parent / "results" / "anomalies.json"
TOTALS = [
    "way",
    "windows found",
    "false alarms",
    "precision",
    "recall",
    "points marked",
    "precision by point",
    "recall by point",
]


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), default=KEPT)
def main(folder: Path, out: Path) -> None:
    """Judge the labelled series in FOLDER, one setting for all, beside simpler ways."""
    series = load(folder)
    scores = {name: [scored(one, judge) for one in series] for name, judge in WAYS.items()}
    found = {
        "series": [one.name for one in series],
        "scores": {name: [asdict(score) for score in row] for name, row in scores.items()},
        "made": {
            name: {way: ask(judge) for way, judge in WAYS.items()} for name, ask in MADE.items()
        },
        "sensitivity": sensitivity(series),
        "microseconds": costs(),
    }
    machine = results.machine_facts({}, is_embedded=False)
    out.write_text(json.dumps({"machine": machine, **found}, indent=2) + "\n", encoding="utf-8")
    _show(series, scores, found)


def _show(series: list[Series], scores: dict[str, list[Score]], found: dict[str, Any]) -> None:
    console = wide_console()
    console.print(
        terminal_table(
            "Windows found, and false alarms, in each series",
            ["way", *(one.name for one in series)],
            [[name, *map(_cell, row)] for name, row in scores.items()],
        )
    )
    console.print(terminal_table("In all six", TOTALS, [_totals(*row) for row in scores.items()]))
    console.print(
        terminal_table(
            "Made series",
            ["", *WAYS],
            [[name, *row.values()] for name, row in found["made"].items()],
        )
    )
    console.print(
        terminal_table(
            "Windows found, and false alarms, by half-life and distance",
            ["days", *(f"{distance:g} spreads" for distance in DISTANCES)],
            _sensitivity_rows(found["sensitivity"]),
        )
    )
    for way, microseconds in found["microseconds"].items():
        console.print(f"{microseconds} µs a reading, {way}")


def _cell(score: Score) -> str:
    return f"{score.found}/{score.windows}, {score.false}"


def _totals(name: str, row: list[Score]) -> list[str]:
    score = sum(row, Score())
    marked = score.points_found + score.points_false
    return [
        name,
        f"{score.found} of {score.windows}",
        str(score.false),
        _percent(score.found, score.found + score.false),
        _percent(score.found, score.windows),
        str(marked),
        _percent(score.points_found, marked),
        _percent(score.points_found, score.points),
    ]


def _percent(part: int, whole: int) -> str:
    return f"{100 * part / whole:.0f} %" if whole else ""


def _sensitivity_rows(cells: list[dict[str, float]]) -> Rows:
    return [
        [
            f"{half_life:g}",
            *(
                f"{cell['found']:.0f}, {cell['false']:.0f}"
                for cell in cells
                if cell["half_life"] == half_life
            ),
        ]
        for half_life in HALF_LIVES
    ]


if __name__ == "__main__":
    main()
