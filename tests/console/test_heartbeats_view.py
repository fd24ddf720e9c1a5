"""Heartbeats on the console: which devices have fallen silent, and how one was."""

from tests.console import canned
from tests.console.browser import button, card, field, link, rows
from tests.console.conftest import Visit
from tests.console.replies import failure
from tests.console.stub import StubApi

SILENT = card("Silent devices")
ROWS = rows("Silent devices")
UNKNOWN = card("Unknown devices")
UNKNOWN_ROWS = rows("Unknown devices")


def test_the_longest_silent_comes_first(visit: Visit) -> None:
    page = visit("#/heartbeats")
    assert "42 devices at 3 sites are silent. The longest silence comes first." in page.text(SILENT)
    first = page.text(f"{ROWS}[1]")
    assert "hvac-003" in first
    assert "building-a" in first
    assert "3 days ago" in first
    assert page.count(ROWS) == 25


def test_more_of_them_are_shown_on_request(visit: Visit, api: StubApi) -> None:
    page = visit("#/heartbeats")
    page.find(button("More of them")).click()
    page.wait_for_count(ROWS, 42)
    assert "/heartbeats/stale?limit=25&after=25" in api.asked
    assert "42 silent devices" in page.text(SILENT)
    assert not page.is_shown(button("More of them"))


def test_a_site_is_chosen(visit: Visit, api: StubApi) -> None:
    page = visit("#/heartbeats")
    page.choose("Site", "building-a (1)")
    page.wait_for_count(ROWS, 1)
    assert "/heartbeats/stale?site_id=building-a&limit=25" in api.asked
    options = [
        option.text for option in page.find(field("Site")).find_elements("tag name", "option")
    ]
    assert options == [
        "all sites",
        f"{canned.HOSTILE_NAME} (1)",
        "building-a (1)",
        "building-b (40)",
    ]


def test_a_site_that_is_back_stays_chosen(visit: Visit, api: StubApi) -> None:
    page = visit("#/heartbeats?site_id=building-a")
    page.wait_for_count(ROWS, 1)
    api.silent = [device for device in api.silent if device["site_id"] != "building-a"]
    page.find(button("Refresh")).click()
    page.wait_for_text(field("Site"), "building-a (0)")
    assert page.find(field("Site")).get_attribute("value") == "building-a"
    page.wait_for_text(SILENT, "No device of this site is silent.")


def test_nobody_silent_is_said(visit: Visit, api: StubApi) -> None:
    api.silent = []
    for address in ("#/", "#/heartbeats"):
        shown = visit(address).text(SILENT)
        assert "Every device that ever sent a heartbeat still does." in shown


def test_the_overview_leads_to_the_devices_of_a_site(visit: Visit) -> None:
    page = visit("#/")
    assert page.text(f"{ROWS}[1]").startswith("building-b40")
    page.find(link("building-b")).click()
    page.wait_for_text("h1", "Silent devices")
    assert page.find(field("Site")).get_attribute("value") == "building-b"


def test_a_device_is_shown_as_it_last_was(visit: Visit) -> None:
    page = visit("#/heartbeats")
    page.find(link("hvac-003")).click()
    page.wait_for_text(card("hvac-003"), "degraded")
    shown = page.text(card("hvac-003"))
    assert "silent" in shown
    assert "25.5 %" in shown
    assert "Free space" not in shown


def test_what_cannot_be_read_is_said(visit: Visit, api: StubApi) -> None:
    page = visit("#/heartbeats")
    api.answers["/heartbeats/stale"] = failure(
        503, "DATABASE_UNAVAILABLE", "the database cannot be reached"
    )
    page.find(button("Refresh")).click()
    page.wait_for_text("main [role=alert]", "The database cannot be reached.")


def test_unknown_devices_are_listed(visit: Visit) -> None:
    page = visit("#/heartbeats/unknown")
    assert page.count(UNKNOWN_ROWS) == 3
    shown = page.text(f"{UNKNOWN_ROWS}[2]")
    for text in ("new/1", "building-c", "2 minutes ago", "1,440"):
        assert text in shown


def test_an_unknown_device_is_forgotten(visit: Visit, api: StubApi) -> None:
    page = visit("#/heartbeats/unknown")
    page.find(f"{UNKNOWN_ROWS}[2]//button").click()
    page.wait_for_count(UNKNOWN_ROWS, 2)
    assert "/devices/new%2F1/state" in api.asked
    assert "new/1" not in page.text(UNKNOWN)
    page.wait_for_text(".toasts", "The device is forgotten.")


def test_a_device_that_cannot_be_forgotten_stays(visit: Visit, api: StubApi) -> None:
    page = visit("#/heartbeats/unknown")
    api.answers["/devices/new-2/state"] = failure(404, "NOT_FOUND", "nothing is known of 'new-2'")
    page.find(f"{UNKNOWN_ROWS}[3]//button").click()
    page.wait_for_text(".toasts", "Nothing is known of 'new-2'.")
    assert page.count(UNKNOWN_ROWS) == 3


def test_a_viewer_cannot_forget(visit: Visit, api: StubApi) -> None:
    api.role = "viewer"
    page = visit("#/heartbeats/unknown")
    assert page.count(UNKNOWN_ROWS) == 3
    assert page.count(f"{UNKNOWN_ROWS}//button") == 0


def test_nobody_unknown_is_said(visit: Visit, api: StubApi) -> None:
    api.unknown = []
    assert "No unknown device has sent a heartbeat." in visit("#/heartbeats/unknown").text(UNKNOWN)
