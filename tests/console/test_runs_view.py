"""Runs on the console, and what each of them changed."""

from tests.console.browser import card, link, rows
from tests.console.conftest import Visit
from tests.console.stub import StubApi


def test_runs_come_newest_first_with_what_they_did(visit: Visit) -> None:
    page = visit("#/device_parameters/runs")
    first = page.text(f"{rows('Runs')}[1]")
    assert first.startswith("42succeeded")
    assert "schedule, 1 h" in first
    assert "database unavailable" in page.text(rows("Runs"))


def test_no_run_that_is_like_the_filters_is_said(visit: Visit) -> None:
    page = visit("#/device_parameters/runs?status=guarded")
    page.wait_for_text(card("Runs"), "No run is like that.")


def test_any_run_can_be_asked_what_it_changed(visit: Visit, api: StubApi) -> None:
    page = visit("#/device_parameters/runs")
    page.find(link("Run 38: show its changes")).click()
    page.wait_for_text("h1", "Run 38")
    page.wait_for_count(rows("Changes"), 7)
    assert "/runs/38/changes?limit=50" in api.asked
    assert "succeeded" in page.text(card("What became of it"))
    page.choose("Show", "renamed")
    page.wait_for_count(rows("Changes"), 1)
    assert page.address() == "#/device_parameters/runs/38?change=renamed"


def test_a_run_that_failed_says_why(visit: Visit) -> None:
    shown = visit("#/device_parameters/runs/30").text(card("What became of it"))
    assert "DATABASE_UNAVAILABLE: the database cannot be reached" in shown


def test_a_run_says_who_asked_for_it_and_why(visit: Visit, api: StubApi) -> None:
    api.runs[0] |= {"requested_by": "token:oncall", "comment": "<i>Replaced.", "guard": "released"}
    page = visit("#/device_parameters/runs")
    first = page.text(f"{rows('Runs')}[1]")
    for said in ("token:oncall", "<i>Replaced.", "guard released"):
        assert said in first
    assert "guard" not in page.text(f"{rows('Runs')}[2]")
    page.find(link("Run 42: show its changes")).click()
    page.wait_for_text(card("What became of it"), "nothing was held, because somebody forced")
    assert "Asked for bytoken:oncall" in page.text(card("What became of it"))
    assert "<i>Replaced." in page.text(card("What became of it"))


def test_a_run_that_nobody_asked_for_says_nothing_of_it(visit: Visit) -> None:
    shown = visit("#/device_parameters/runs/42").text(card("What became of it"))
    assert "Asked for" not in shown
    assert "Guard" not in shown


def test_a_run_that_never_was_is_said(visit: Visit) -> None:
    page = visit("#/device_parameters/runs/4711")
    page.wait_for_text("main [role=alert]", "There is no run_id 4711.")
