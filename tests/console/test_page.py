"""The operator page in a browser, on a canned API."""

from pathlib import Path

import pytest
from selenium.webdriver.common.keys import Keys

from chalicelib.console import routes as page_routes
from tests.console import canned
from tests.console.browser import Browser
from tests.console.stub import StubApi, failure

LIGHT, DARK = "rgb(243, 244, 246)", "rgb(14, 18, 23)"
PAIR_ROW = "#changes tbody tr"


def test_it_shows_the_state_and_the_last_run_with_its_deltas(opened: Browser) -> None:
    assert opened.text("#state-chip") == "ok"
    assert "98,000" in opened.text("#totals")
    assert "3 minutes ago" in opened.text("#last-run-facts")
    assert opened.text("#deltas .tile-added dd") == "7"
    assert opened.text("#deltas .tile-removed dd") == "4"


def test_it_shows_recent_runs_and_older_ones_on_request(opened: Browser) -> None:
    assert len(opened.run("return document.querySelectorAll('#runs tbody tr')")) == 12
    opened.find("#runs-more").click()
    opened.wait_for_text("#runs tbody", "database unavailable")
    assert len(opened.run("return document.querySelectorAll('#runs tbody tr')")) == 42
    assert not opened.is_shown("#runs-more")


def test_runs_are_filtered(opened: Browser, api: StubApi) -> None:
    opened.find("#status-filter").send_keys("failed")
    opened.wait_for_text("#runs tbody", "30")
    opened.wait_for_text("#runs caption", "2 runs")
    assert "/runs?status=failed&limit=13" in api.asked


def test_the_last_changes_come_with_their_reasons(opened: Browser) -> None:
    changes = opened.text(PAIR_ROW)
    for reason in canned.REASONS:
        assert reason.replace("_", " ") in changes
    assert "Run 42" in opened.text("#changes-summary")


def test_any_run_can_be_asked_what_it_changed(opened: Browser, api: StubApi) -> None:
    opened.find("[data-key=run-38]").click()
    opened.wait_for_text("#changes-title", "Changes of run 38")
    assert "/runs/38/changes?limit=50" in api.asked
    opened.find("#changes-newest").click()
    opened.wait_for_text("#changes-title", "Last changes")


def test_the_chart_is_drawn_and_told(opened: Browser) -> None:
    opened.find("#chart canvas")
    assert "42 runs" in opened.text("#chart-summary")
    assert "2 runs failed" in opened.text("#chart-summary")
    opened.find("#chart summary").click()
    assert "98,000" in opened.find("#chart-table").text


def test_without_the_chart_library_a_sentence_stands_in_its_place(
    browser: Browser, page_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(page_routes.ASSETS, "uPlot.iife.min.js")
    browser.open(page_url)
    browser.wait_for_text("#chart", "was not packaged")
    assert browser.is_shown("#chart-table")
    assert browser.is_shown("#runs tbody tr")


def test_nothing_is_complained_of_and_nobody_else_is_asked(
    opened: Browser, page_url: str, api: StubApi
) -> None:
    opened.find(f"{PAIR_ROW} .pair").click()
    opened.find("#explanation .verdict")
    opened.find("#plan").click()
    opened.find("#planned tbody tr")
    assert opened.complaints() == []
    requested = opened.requested()
    assert len(requested) > 15
    assert [url for url in requested if not url.startswith(page_url)] == []


def test_what_is_inline_is_refused(opened: Browser) -> None:
    opened.run(
        "const script = document.createElement('script');"
        "script.textContent = 'document.title = 1'; document.body.append(script)"
    )
    assert "script-src-elem inline" in opened.complaints()
    assert opened.run("return document.title") == "ok · device-parameters"


def test_a_hostile_name_is_text(opened: Browser) -> None:
    assert canned.HOSTILE_NAME in opened.text(PAIR_ROW)
    assert canned.HOSTILE_IMAGE in opened.text(PAIR_ROW)
    hostile = f"{PAIR_ROW}:nth-child(2) .pair"
    opened.find(hostile).click()
    opened.wait_for_text("#explanation", "The pair is in the table")
    assert canned.HOSTILE_NAME in opened.text("#explanation")
    assert opened.run("return document.querySelectorAll('main script, main img').length") == 0
    assert opened.run("return document.title") == "ok · device-parameters"
    assert opened.run("return document.getElementById('device').value") == canned.HOSTILE_ID


def test_a_link_names_a_pair(browser: Browser, page_url: str) -> None:
    browser.open(f"{page_url}#pair=d%2F9/no%20such")
    browser.wait_for_text("#explanation", "the master data has no such device")
    assert browser.run("return document.getElementById('device').value") == "d/9"
    assert "device unknown" in browser.text("#explanation")


def test_an_id_without_an_address_is_explained_away(opened: Browser) -> None:
    opened.find("#device").send_keys("..")
    opened.find("#parameter").send_keys("temp", Keys.ENTER)
    opened.wait_for_text("#explanation", "has no address")


def test_names_are_suggested(opened: Browser) -> None:
    opened.find("#device").send_keys("roof")
    opened.find_hidden("#device-suggestions option[value='d-003'][label='Roof station']")
    opened.find("#device").clear()
    opened.find("#device").send_keys("d-001")
    opened.find("#parameter").click()
    opened.find_hidden("#parameter-suggestions option[value='hum']")
    opened.find_hidden("#parameter-suggestions option[value='temp']")


def test_the_keyboard_is_enough(opened: Browser, api: StubApi) -> None:
    opened.press(Keys.TAB)
    assert opened.run("return document.activeElement.className") == "skip"
    opened.press(Keys.ENTER)
    opened.tab_to("#device")
    opened.press("d-001")
    opened.press(Keys.ESCAPE, Keys.TAB)
    opened.press("temp")
    opened.press(Keys.ESCAPE)
    opened.tab_to("#explain-form button")
    opened.press(Keys.ENTER)
    opened.wait_for_text("#explanation", "The pair is in the table")

    opened.tab_to(".pair")
    opened.press(Keys.SPACE)
    opened.wait_for_focus("#explanation")

    opened.run("document.getElementById('content').focus()")
    opened.tab_to("#plan")
    assert opened.run("return getComputedStyle(document.activeElement).outlineStyle") == "solid"
    opened.press(Keys.ENTER)
    opened.wait_for_focus("#planned")
    assert api.posted == [{"dry_run": True}]


def test_a_failure_is_said_in_words_and_gone_when_it_is_over(opened: Browser, api: StubApi) -> None:
    api.failures["/status"] = failure(500, "INTERNAL_ERROR", "an internal error occurred")
    opened.find("#refresh").click()
    opened.wait_for_text("#problem", "An internal error occurred. Request req-4711.")
    assert opened.is_shown("#runs tbody tr")
    api.failures.clear()
    opened.find("#refresh").click()
    opened.wait_until_gone("#problem")


def test_what_is_refreshed_leaves_the_focus_where_it_was(opened: Browser, api: StubApi) -> None:
    opened.tab_to("[data-key=run-41]")
    api.runs.insert(0, canned.run(43, api.now, added=1))
    opened.run("document.getElementById('refresh').click()")
    opened.wait_for_text("#runs tbody", "43")
    assert opened.run("return document.activeElement.dataset.key") == "run-41"


def test_before_the_first_run_it_says_so(browser: Browser, page_url: str, api: StubApi) -> None:
    api.state, api.runs = "never_run", []
    browser.open(page_url)
    browser.wait_for_text("#state-sentence", "No run has ended yet.")
    assert "There has been none." in browser.text("#last-run-facts")
    assert "nothing to draw" in browser.text("#chart-summary")
    browser.wait_for_text("#changes-table", "There has been no run yet.")
    assert browser.complaints() == []


def test_runs_without_changes_are_said_to_be_so(
    browser: Browser, page_url: str, api: StubApi
) -> None:
    api.runs = [canned.run(1, api.now, observed=10)]
    browser.open(page_url)
    browser.wait_for_text("#changes-table", "None of the recent runs changed anything.")


@pytest.mark.parametrize("width", [320, 360, 768, 1280])
def test_the_page_never_scrolls_sideways(browser: Browser, page_url: str, width: int) -> None:
    browser.emulate(width, 740)
    browser.open(f"{page_url}#pair=d-001/temp")
    browser.find("#explanation .verdict")
    browser.find("#plan").click()
    browser.find("#planned tbody tr")
    assert browser.run("return document.documentElement.scrollWidth <= innerWidth")


@pytest.mark.parametrize(("is_dark", "background"), [(False, LIGHT), (True, DARK)])
def test_it_is_light_or_dark_as_the_system_is(
    browser: Browser, page_url: str, is_dark: bool, background: str
) -> None:
    browser.emulate(1280, 900, is_dark=is_dark)
    browser.open(page_url)
    shown = browser.run("return getComputedStyle(document.body).backgroundColor")
    assert shown == background


@pytest.mark.parametrize("is_dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize(("name", "width"), [("desktop", 1280), ("phone", 360)])
def test_screenshots_to_look_at(
    browser: Browser, page_url: str, screenshots: Path, name: str, width: int, is_dark: bool
) -> None:
    browser.emulate(width, 900, is_dark=is_dark)
    browser.open(f"{page_url}#pair=d-001/temp")
    browser.find("#explanation .verdict")
    browser.find("#chart canvas")
    file = screenshots / f"{name}-{'dark' if is_dark else 'light'}.png"
    browser.save_screenshot(file)
    assert file.stat().st_size > 50_000
