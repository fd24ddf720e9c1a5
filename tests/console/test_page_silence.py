"""The page says which devices have fallen silent."""

from tests.console import canned
from tests.console.browser import Browser
from tests.console.stub import StubApi, failure

ROWS = "return document.querySelectorAll('#silence tbody tr').length"


def first_row(browser: Browser) -> str:
    return browser.text("#silence tbody tr:first-child")


def test_the_longest_silent_comes_first(opened: Browser) -> None:
    assert (
        opened.text("#silence-summary") == "42 devices at 3 sites silent, the longest silent first."
    )
    assert "hvac-003" in first_row(opened)
    assert "building-a" in first_row(opened)
    assert "3 days ago" in first_row(opened) or "3d ago" in first_row(opened)
    assert opened.run(ROWS) == 10


def test_more_of_them_are_shown_on_request(opened: Browser) -> None:
    opened.find("#silence-more").click()
    opened.wait_for_text("#silence caption", "20 silent devices")
    for count in (30, 40, 42):
        opened.find("#silence-more").click()
        opened.wait_for_text("#silence caption", f"{count} silent devices")
    assert not opened.is_shown("#silence-more")


def test_a_site_is_chosen(opened: Browser, api: StubApi) -> None:
    opened.find("#site-filter").send_keys("building-a")
    opened.wait_for_text("#silence caption", "1 silent device,")
    assert "/devices/stale?limit=10&site_id=building-a" in api.asked
    options = opened.run(
        "return [...document.querySelectorAll('#site-filter option')].map(o => o.text)"
    )
    assert options == [
        "all sites",
        f"{canned.HOSTILE_NAME} (1)",
        "building-a (1)",
        "building-b (40)",
    ]


def test_a_site_that_is_back_stays_chosen(opened: Browser, api: StubApi) -> None:
    opened.find("#site-filter").send_keys("building-a")
    opened.wait_for_text("#silence caption", "1 silent device,")
    api.silent = [device for device in api.silent if device["site_id"] != "building-a"]
    opened.find("#refresh").click()
    opened.wait_for_text("#site-filter", "building-a (0)")
    assert opened.run("return document.getElementById('site-filter').value") == "building-a"
    assert opened.run(ROWS) == 0


def test_nobody_silent_is_said(opened: Browser, api: StubApi) -> None:
    api.silent = []
    opened.find("#refresh").click()
    opened.wait_for_text("#silence-summary", "Every device that ever sent a heartbeat still does.")
    assert opened.run(ROWS) == 0


def test_a_name_is_never_read_as_html(opened: Browser) -> None:
    assert canned.HOSTILE_NAME in opened.text("#silence tbody")
    assert opened.run("return document.title") != "taken"


def test_what_cannot_be_read_is_said(opened: Browser, api: StubApi) -> None:
    api.failures["/devices/stale"] = failure(
        503, "DATABASE_UNAVAILABLE", "the database cannot be reached"
    )
    opened.find("#refresh").click()
    opened.wait_for_text("#problem", "The database cannot be reached.")
