"""The sync on the console: its state, plans, runs that are started or forced, and pauses."""

from datetime import timedelta

import pytest
from selenium.webdriver.common.keys import Keys

from chalicelib.console.assets import ASSETS
from tests.console import canned
from tests.console.browser import Browser, button, card, field, link, rows
from tests.console.conftest import Visit
from tests.console.replies import failure
from tests.console.stub import StubApi

SYNC = "#/device_parameters"
STATE = card("State")
RESULT = f"{card('Run')}//p[@role='status']"
PLAN = card("What a run would do now")
DIALOG = "dialog[open]"


def guard(api: StubApi) -> None:
    """The last run held removals."""
    api.state = "guarded"
    api.runs[0] = canned.run(42, api.now, "guarded", held=81_234, observed=200)


@pytest.mark.parametrize("heading", ["Sync", "State"])
def test_it_shows_the_state_and_the_last_run_with_its_deltas(visit: Visit, heading: str) -> None:
    page = visit("#/" if heading == "Sync" else SYNC)
    shown = page.text(card(heading))
    assert "ok" in shown
    assert "the table is in step with what the devices report" in shown
    assert "98,000" in page.text(f"{card(heading)}//dl[@aria-label='Size of the table']")
    assert "3 minutes ago" in shown
    tiles = page.text(f"{card(heading)}//dl[@aria-label='What run 42 did']")
    assert "added7" in tiles
    assert "removed4" in tiles
    assert page.run("return document.title").startswith("ok · ")


def test_the_last_changes_come_with_their_reasons(visit: Visit) -> None:
    page = visit(SYNC)
    changes = page.text(card("Last changes"))
    for reason in canned.REASONS:
        assert reason.replace("_", " ") in changes
    assert "Run 42" in changes
    page.choose("Show", "removed")
    page.wait_for_count(rows("Last changes"), 4)


def test_the_chart_is_drawn_and_told(visit: Visit) -> None:
    page = visit("#/")
    page.find(".plot canvas")
    told = page.text("figcaption")
    assert "42 runs" in told
    assert "2 runs failed" in told
    page.find("summary").click()
    assert "98,000" in page.find("details table").text


def test_without_the_chart_library_a_sentence_stands_in_its_place(
    visit: Visit, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(ASSETS, "uPlot.iife.min.js")
    page = visit("#/")
    page.wait_for_text(card("Additions and removals"), "was not packaged")
    assert page.is_shown("details table")
    assert page.is_shown(rows("Newest loads"))


def test_before_the_first_run_it_says_so(visit: Visit, api: StubApi) -> None:
    api.state, api.runs = "never_run", []
    page = visit(SYNC)
    page.wait_for_text(STATE, "No run has ended yet.")
    assert "There has been no run yet." in page.text(STATE)
    assert "nothing to draw" in page.text("figcaption")
    page.wait_for_text(card("Last changes"), "There has been no run yet.")
    assert page.complaints() == []


def test_runs_without_changes_are_said_to_be_so(visit: Visit, api: StubApi) -> None:
    api.runs = [canned.run(1, api.now, observed=10)]
    page = visit(SYNC)
    page.wait_for_text(card("Last changes"), "None of the recent runs changed anything.")


def test_a_plan_shows_what_would_change_and_starts_nothing(visit: Visit, api: StubApi) -> None:
    page = visit(SYNC)
    page.enter("Window in minutes", "120")
    page.find(button("Plan a run")).click()
    page.wait_for_text(PLAN, "2 added, 4 removed, 1 renamed, 97,998 observed.")
    page.wait_for_focus(PLAN)
    assert "device inactive" in page.text(rows("What a run would do now"))
    assert api.posted == [{"dry_run": True, "window_minutes": 120}]
    assert len(api.runs) == 42
    page.find(button("Close the plan")).click()
    assert not page.is_shown(PLAN)


def test_a_window_out_of_bounds_is_not_sent(visit: Visit, api: StubApi) -> None:
    page = visit(SYNC)
    page.enter("Window in minutes", "0")
    page.find(button("Start a run")).click()
    page.find(button("Plan a run")).click()
    assert api.posted == []


def test_a_run_that_ends_elsewhere_is_waited_for(visit: Visit, api: StubApi) -> None:
    api.is_slow = True
    page = visit(SYNC)
    page.find(button("Start a run")).click()
    page.wait_for_text(RESULT, "Run 43 is under way")
    page.wait_for_text(RESULT, "Run 43 succeeded in 812 ms: 5 added.")
    page.wait_for_text(STATE, "Last run 43")
    assert api.asked.count("/runs/43") == 2


def test_what_became_of_a_run_is_told_on_another_page(visit: Visit, api: StubApi) -> None:
    api.is_slow = True
    page = visit(SYNC)
    page.find(button("Start a run")).click()
    page.wait_for_text(RESULT, "Run 43 is under way")
    page.find(f"//nav{link('Pairs')}").click()
    page.wait_for_text(".toasts", "Run 43 succeeded in 812 ms: 5 added.")
    page.find(button("Close")).click()
    page.wait_until_gone(".toast")


def test_another_run_under_way_is_said(visit: Visit, api: StubApi) -> None:
    api.answers["/sync"] = failure(409, "RUN_ALREADY_ACTIVE", "another run is under way")
    page = visit(SYNC)
    page.find(button("Start a run")).click()
    page.wait_for_text(RESULT, "Another run is under way. Request req-4711.")


def test_a_role_taken_away_meanwhile_is_said(visit: Visit, api: StubApi) -> None:
    page = visit(SYNC)
    api.role = "viewer"
    page.find(button("Start a run")).click()
    page.wait_for_text(RESULT, "This takes the role operator.")


@pytest.mark.parametrize(
    ("role", "may_run", "may_force"),
    [("viewer", False, False), ("operator", True, False), ("admin", True, True)],
)
def test_each_role_is_offered_what_it_may_do(
    visit: Visit, api: StubApi, role: str, may_run: bool, may_force: bool
) -> None:
    api.role = role
    page = visit(SYNC)
    for offered in ("Start a run", "Plan a run", "Pause"):
        assert page.is_shown(button(offered)) is may_run
    assert page.is_shown(button("Force a run…")) is may_force
    assert page.is_shown(link("63 removals wait for a person"))


@pytest.mark.parametrize("heading", ["State", "Run"])
def test_what_is_held_leads_to_its_review(visit: Visit, api: StubApi, heading: str) -> None:
    guard(api)
    page = visit(SYNC)
    assert "The guard holds removals back." in page.text(STATE)
    assert "63 removals wait for a person" in page.text(STATE)
    page.find(f"{card(heading)}//a[contains(@href, 'removals')]").click()
    page.wait_for_text("h1", "Removals")


def test_what_is_released_is_no_longer_held(visit: Visit, api: StubApi) -> None:
    guard(api)
    api.removals.held = []
    assert "What the guard held back is released" in visit(SYNC).text(STATE)


def test_nothing_held_needs_no_review(visit: Visit, api: StubApi) -> None:
    api.removals.held = []
    page = visit(SYNC)
    page.find(button("Force a run…"))
    assert not page.is_shown("main a[href*=removals]")


def test_a_run_is_forced_only_when_confirmed(visit: Visit, api: StubApi) -> None:
    page = visit(SYNC)
    page.find(button("Force a run…")).click()
    page.wait_for_text(DIALOG, "came 3 minutes ago")
    assert "every pair that is not observed in the window, held or not" in page.text(DIALOG)
    page.wait_for_focus(button("Do not"))
    page.press(Keys.ENTER)
    page.wait_until_gone(DIALOG)
    page.wait_for_focus(button("Force a run…"))
    assert api.posted == []

    page.find(button("Force a run…")).click()
    page.enter("Comment", "The fleet was replaced.")
    page.find(button("Force it")).click()
    page.wait_for_text(RESULT, "Run 43 succeeded")
    assert not page.is_shown(DIALOG)
    assert api.posted == [{"force": True, "comment": "The fleet was replaced."}]


def test_a_forced_run_is_warned_of_while_ingestion_may_be_down(visit: Visit, api: StubApi) -> None:
    api.removals.newest_at = api.now - timedelta(hours=2)
    page = visit(SYNC)
    page.find(button("Force a run…")).click()
    page.wait_for_text(DIALOG, "came 2 hours ago: ingestion may be down.")
    page.find(f"{DIALOG} a").click()
    page.wait_for_text("h1", "Removals")
    page.wait_until_gone(DIALOG)


def test_a_dialog_keeps_the_focus_and_closes_at_escape(visit: Visit) -> None:
    page = visit(SYNC)
    force = button("Force a run…")
    page.tab_to(force)
    page.press(Keys.ENTER)
    page.wait_for_text(DIALOG, "The newest measurement")
    for _ in range(6):
        page.press(Keys.TAB)
        assert page.run(
            "return document.activeElement.closest('main') === null"
            " || document.activeElement.closest('dialog') !== null"
        )
    page.press(Keys.ESCAPE)
    page.wait_until_gone(DIALOG)
    page.wait_for_focus(force)
    page.press(Keys.ENTER)
    page.find(DIALOG)


def test_scheduled_runs_are_paused_and_go_on(visit: Visit, api: StubApi) -> None:
    page = visit(SYNC)
    assert not page.is_shown(button("Resume"))
    page.enter("Pause for minutes", "90")
    page.enter("Reason for the pause", "Master data is <b>reloaded</b>.")
    page.find(button("Pause")).click()
    page.wait_for_text(STATE, "in 1 hour, by subject-of-the-token.")
    assert "Master data is <b>reloaded</b>." in page.text(STATE)
    assert api.posted == [{"minutes": 90, "comment": "Master data is <b>reloaded</b>."}]
    page.find(button("Pause anew"))
    page.find(button("Resume")).click()
    page.wait_until_gone("main .paused")
    assert api.pause is None


def test_a_pause_of_more_than_a_week_is_not_sent(visit: Visit, api: StubApi) -> None:
    page = visit(SYNC)
    page.enter("Pause for minutes", "10081")
    page.find(button("Pause")).click()
    assert api.posted == []


def test_the_keyboard_is_enough_to_plan(visit: Visit, api: StubApi) -> None:
    page = visit(SYNC)
    page.tab_to(field("Window in minutes"))
    page.press("60")
    page.tab_to(button("Plan a run"))
    page.press(Keys.ENTER)
    page.wait_for_focus(PLAN)
    assert api.posted == [{"dry_run": True, "window_minutes": 60}]


def test_a_run_under_way_is_looked_at_every_few_seconds(
    browser: Browser, page_url: str, api: StubApi
) -> None:
    api.runs.insert(0, canned.run(43, api.now, "running"))
    browser.open(f"{page_url}{SYNC}")
    browser.wait_for_text(STATE, "running")
    api.runs[0] = canned.run(43, api.now, added=3)
    browser.wait_for_text(STATE, "succeeded")
