"""Figures go between their marks in a document, and nowhere else."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from bench import points
from bench.report import main, with_figures
from tests.bench.test_verdict import DAY, point

MARKED = """# Speed

<!-- figures: verdict -->
old
<!-- end of figures -->

Text that stays.

<!-- figures: changes -->
<!-- end of figures -->
"""
SERVER = {
    "measured_on": "2026-11-01",
    "cores": 2,
    "memory_gb": 8,
    "is_embedded": False,
    "timescaledb": "2.28.3",
    "postgresql": "15.18",
    "settings": {"work_mem": "4MB", "jit": "on"},
}


@pytest.fixture
def results(tmp_path: Path) -> Path:
    """One point that misses its goals."""
    measured = point(DAY, ours=1.2, distinct=1.0)
    measured.machine.update(SERVER)
    points.keep(tmp_path / "grid.json", [measured])
    return tmp_path


def test_figures_replace_what_stood_there_and_name_the_server(results: Path) -> None:
    text = with_figures(MARKED, results, results / "README.md")
    assert "old" not in text
    assert "Text that stays." in text
    assert "| 1,000 | 4 | 1.20 (!) · 0.8 (!) |" in text
    assert "jit on, work_mem 4MB" in text
    assert "Not measured yet: `python -m bench.changes`." in text


def test_writing_figures_again_changes_nothing(results: Path) -> None:
    document = results / "README.md"
    once = with_figures(MARKED, results, document)
    assert with_figures(once, results, document) == once


def test_an_unknown_mark_is_refused(results: Path) -> None:
    with pytest.raises(KeyError):
        with_figures(MARKED.replace("verdict", "weather"), results, results / "README.md")


def test_the_report_draws_plots_and_links_them(results: Path) -> None:
    document = results / "docs" / "speed.md"
    document.parent.mkdir()
    document.write_text("<!-- figures: plots -->\n<!-- end of figures -->\n", encoding="utf-8")
    outcome = CliRunner().invoke(main, ["--results", str(results), str(document)])
    assert outcome.exit_code == 0, outcome.output
    assert "](../grid-window.svg)" in document.read_text(encoding="utf-8")
    assert (results / "grid-window.svg").read_text(encoding="utf-8").startswith("<?xml")


def test_a_point_that_is_measured_again_replaces_itself_alone(results: Path) -> None:
    path = results / "grid.json"
    points.keep(path, [point(DAY, 60, ours=1.0, distinct=9.0)])
    points.keep(path, [point(DAY, 60, ours=1.0, distinct=10.0)])
    kept = points.read(path)
    assert [found.readings_an_hour for found in kept] == [4, 60]
    assert kept[1].seconds("distinct", DAY) == 10.0
