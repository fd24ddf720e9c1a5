"""Loads of Parquet files on the console."""

from tests.console.browser import card, link, rows
from tests.console.conftest import Visit
from tests.console.stub import StubApi


def test_loads_come_newest_first(visit: Visit) -> None:
    page = visit("#/parquet_loads")
    assert page.text(f"{rows('Loads')}[1]").startswith("30running")
    assert "dataset=transmission/year=2026" in page.text(f"{rows('Loads')}[1]")


def test_loads_are_filtered(visit: Visit, api: StubApi) -> None:
    page = visit("#/parquet_loads")
    page.choose("Status", "failed")
    page.wait_for_count(rows("Loads"), 1)
    page.choose("Status", "any")
    page.choose("Dataset", "generation")
    page.wait_for_count(rows("Loads"), 7)
    assert page.address() == "#/parquet_loads?dataset=generation"
    assert "/loads?dataset=generation&limit=25" in api.asked


def test_a_load_says_what_became_of_its_rows(visit: Visit) -> None:
    page = visit("#/parquet_loads")
    page.find(link("Load 25")).click()
    page.wait_for_text("h1", "Load 25")
    page.wait_for_text(card("What became of it"), "rejected/dataset=")
    shown = page.text(card("What became of it"))
    assert "4.2 MB" in shown
    assert "loaded49,997" in shown
    assert "rejected3" in shown


def test_a_load_that_failed_says_why(visit: Visit) -> None:
    shown = visit("#/parquet_loads/28").text(card("What became of it"))
    assert "not_parquet: the object does not end like a Parquet file" in shown


def test_nothing_loaded_yet_is_said(visit: Visit, api: StubApi) -> None:
    api.loads = []
    assert "Nothing has been loaded yet." in visit("#/").text(card("Newest loads"))
    assert "Nothing has been loaded yet." in visit("#/parquet_loads").text(card("Loads"))


def test_a_load_under_way_is_followed(visit: Visit, api: StubApi) -> None:
    page = visit("#/parquet_loads/30")
    assert "running" in page.text(card("What became of it"))
    api.loads[0] |= {"status": "succeeded", "duration_ms": 4_000}
    page.wait_for_text(card("What became of it"), "succeeded")
