"""The shell of the console: the way around, addresses, and parts that fail."""

import pytest
from selenium.webdriver.common.keys import Keys

from chalicelib.console.assets import ASSETS
from tests.console import canned
from tests.console.browser import Browser, button, card, link, rows
from tests.console.conftest import AddView, Visit
from tests.console.replies import failure
from tests.console.stub import StubApi

MENU = "nav[aria-label=Console]"
TOYS = """
import { Card, List, html } from "./console.js";
const Toys = () => html`<${Card} label="Toys">
  <${List} path="toys" one="toy" empty="None." columns=${COLUMNS} keyOf=${(toy) => toy.name} />
<//>`;
const COLUMNS = [{ title: "Name", isHeader: true, cell: (toy) => toy.name }];
const Toy = ({ params }) => html`<p id="toy">${params.name}</p>`;
export const view = {
  title: "Toys", order: 5,
  pages: [
    { path: "", title: "All toys", isListed: true, Component: Toys },
    { path: "named/:name", title: ({ name }) => `Toy ${name}`, Component: Toy },
  ],
  panels: [{ title: "Toy box", Component: () => html`<p>Full of toys.</p>` }],
};
"""
FOR_ADMINS = """
import { html } from "./console.js";
const Keys = () => html`<p id="keys">All the keys.</p>`;
export const view = {
  title: "Keys", order: 80,
  pages: [{ path: "", title: "Keys", isListed: true, least: "admin", Component: Keys }],
  panels: [{ title: "Key box", least: "admin", Component: Keys }],
};
"""
THROWING = """
import { html } from "./console.js";
const Throwing = () => { throw new Error("broken"); };
export const view = {
  title: "Faulty", order: 90,
  pages: [
    { path: "", title: "Faulty", isListed: true, Component: Throwing },
    { path: "untitled", title: Throwing, Component: Throwing },
  ],
  formerly: Throwing,
  panels: [{ title: "Faulty panel", Component: Throwing }],
};
"""


def test_the_overview_has_a_panel_of_each_feature(visit: Visit) -> None:
    page = visit("#/")
    for heading in ("Sync", "Additions and removals", "Silent devices", "Newest loads"):
        assert page.is_shown(card(heading))
    page.find(f"{card('Newest loads')}//h2/a").click()
    page.wait_for_text("h1", "Loads")


def test_every_page_is_reached_by_the_navigation(visit: Visit) -> None:
    page = visit("")
    for name, heading in (
        ("Sync", "Sync"),
        ("Removals", "Removals"),
        ("Runs", "Runs"),
        ("Pairs", "Pairs"),
        ("Silent devices", "Silent devices"),
        ("Unknown devices", "Unknown devices"),
        ("Parquet loads", "Loads"),
        ("Overview", "Overview"),
    ):
        page.find(f"//nav{link(name)}").click()
        page.wait_for_text("h1", heading)
        page.wait_for_focus("h1")
        assert page.text(f"{MENU} [aria-current=page]") == name
        assert heading in page.run("return document.title")
    assert page.complaints() == []


def test_a_page_below_another_keeps_that_one_marked(visit: Visit) -> None:
    page = visit("#/device_parameters/runs/42")
    assert page.text("h1") == "Run 42"
    assert page.text(f"{MENU} [aria-current=true]") == "Runs"
    page = visit("#/device_parameters/pairs/d-001/temp")
    assert page.text(f"{MENU} [aria-current=true]") == "Pairs"


def test_the_way_back_is_the_browsers(visit: Visit) -> None:
    page = visit("#/device_parameters/runs")
    page.find(link("Run 41: show its changes")).click()
    page.wait_for_text("h1", "Run 41")
    page.back()
    page.wait_for_text("h1", "Runs")


@pytest.mark.parametrize(
    "address", ["#/nowhere", "#/heartbeats/nowhere/at/all", "#/%E0%A4%A", "#anything", "#/toString"]
)
def test_an_unknown_address_says_so(visit: Visit, address: str) -> None:
    page = visit(address)
    assert page.text("h1") == "No such page"
    page.find(link("Go to the overview")).click()
    page.wait_for_text("h1", "Overview")
    assert page.complaints() == []


def test_the_keyboard_reaches_every_page(visit: Visit) -> None:
    page = visit("")
    page.press(Keys.TAB)
    assert page.run("return document.activeElement.className") == "skip"
    page.press(Keys.ENTER)
    page.wait_for_focus("main")
    assert page.address() in ("", "#/")

    page.run("document.querySelector('.skip').focus()")
    page.tab_to(f"//nav{link('Runs')}")
    assert page.run("return getComputedStyle(document.activeElement).outlineStyle") == "solid"
    page.press(Keys.ENTER)
    page.wait_for_focus("h1")
    page.tab_to(link("Run 41: show its changes"))
    page.press(Keys.ENTER)
    page.wait_for_text("h1", "Run 41")


def test_a_small_screen_has_a_menu(browser: Browser, visit: Visit) -> None:
    browser.emulate(360, 740)
    page = visit("")
    assert not page.is_shown(f"//nav{link('Runs')}")
    page.find(button("Menu")).click()
    assert page.find(button("Menu")).get_attribute("aria-expanded") == "true"
    page.find(f"//nav{link('Runs')}").click()
    page.wait_for_text("h1", "Runs")
    page.wait_until_gone(f"//nav{link('Runs')}")


def test_a_feature_brings_its_view_by_itself(visit: Visit, add_view: AddView, api: StubApi) -> None:
    add_view("toys", TOYS)
    api.answers["/toys"] = 200, {"items": [{"name": "top"}, {"name": "ball"}], "next": None}
    page = visit("")
    assert page.text(card("Toy box")) == "Toy boxFull of toys."
    assert page.text(f"{MENU} ul:nth-of-type(2)") == "Toys"
    page.find(f"//nav{link('Toys')}").click()
    page.wait_for_text("h1", "All toys")
    page.wait_for_count(rows("Toys"), 2)
    visit("#/toys/named/a%2Fb")
    assert page.text("#toy") == "a/b"
    assert page.text("h1") == "Toy a/b"


@pytest.mark.parametrize(("role", "is_offered"), [("operator", False), ("admin", True)])
def test_a_view_is_offered_to_those_who_may(
    visit: Visit, add_view: AddView, api: StubApi, role: str, is_offered: bool
) -> None:
    add_view("keys", FOR_ADMINS)
    api.role = role
    page = visit("")
    assert page.is_shown(f"//nav{link('Keys')}") is is_offered
    assert page.is_shown(card("Key box")) is is_offered
    page.go("#/keys")
    assert page.is_shown("#keys") is is_offered
    assert page.is_shown("main [role=alert]") is not is_offered


def test_a_view_that_throws_leaves_the_rest_alone(visit: Visit, add_view: AddView) -> None:
    add_view("faulty", THROWING)
    page = visit("")
    assert "failed" in page.text(f"{card('Faulty panel')}//*[@role='alert']")
    assert page.is_shown(card("Sync"))
    page.find(f"//nav{link('Faulty')}").click()
    page.wait_for_text("main [role=alert]", "Everything else works.")
    page.go("#/faulty/untitled")
    assert page.text("h1") == "Faulty"
    page.go("#/nowhere")
    assert page.text("h1") == "No such page"
    page.find(f"//nav{link('Runs')}").click()
    page.wait_for_count(rows("Runs"), 25)


@pytest.mark.parametrize(
    "module", ["this is no module", "export const view = {};", "throw new Error('at once')"]
)
def test_a_view_that_cannot_be_loaded_leaves_the_rest_alone(
    visit: Visit, add_view: AddView, module: str
) -> None:
    add_view("broken_part", module)
    page = visit("")
    assert page.is_shown(card("Sync"))
    page.find(f"//nav{link('broken part')}").click()
    page.wait_for_text("main [role=alert]", "could not be loaded")


def test_without_its_libraries_the_console_says_what_to_do(
    browser: Browser, page_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(ASSETS, "preact.js")
    browser.open(page_url)
    browser.wait_for_text("[role=alert]", "python -m web.build")


def test_filters_stay_in_the_address(visit: Visit, api: StubApi) -> None:
    page = visit("#/device_parameters/runs")
    page.choose("Status", "failed")
    page.wait_for_count(rows("Runs"), 2)
    assert page.address() == "#/device_parameters/runs?status=failed"
    page.choose("Started by", "schedule")
    page.wait_for_count(rows("Runs"), 2)
    page.reload()
    page.wait_for_count(rows("Runs"), 2)
    assert "/runs?status=failed&trigger=schedule&limit=25" in api.asked
    assert page.address() == "#/device_parameters/runs?status=failed&trigger=schedule"
    page.find(button("Show all")).click()
    page.wait_for_count(rows("Runs"), 25)
    assert page.address() == "#/device_parameters/runs"


def test_a_filter_takes_no_step_of_its_own_in_the_history(visit: Visit) -> None:
    page = visit("#/device_parameters")
    page.find(f"//nav{link('Runs')}").click()
    page.wait_for_text("h1", "Runs")
    page.choose("Status", "failed")
    page.wait_for_count(rows("Runs"), 2)
    page.back()
    page.wait_for_text("h1", "Sync")


def test_a_filter_that_the_api_refuses_is_said(visit: Visit, api: StubApi) -> None:
    api.answers["/loads"] = failure(400, "INVALID_REQUEST", "status must be one of running")
    page = visit("#/parquet_loads?status=bogus")
    page.wait_for_text("main [role=alert]", "Status must be one of running.")


def test_a_failure_is_said_in_words_and_gone_when_it_is_over(visit: Visit, api: StubApi) -> None:
    page = visit("#/device_parameters/runs")
    api.answers["/runs"] = failure(500, "INTERNAL_ERROR", "an internal error occurred")
    page.find(button("Refresh")).click()
    page.wait_for_text("main [role=alert]", "An internal error occurred. Request req-4711.")
    assert page.count(rows("Runs")) == 25
    api.answers.clear()
    page.find(button("Refresh")).click()
    page.wait_until_gone("main [role=alert]")


def test_what_is_refreshed_leaves_the_focus_where_it_was(visit: Visit, api: StubApi) -> None:
    page = visit("#/device_parameters/runs")
    page.tab_to(link("Run 41: show its changes"))
    api.runs.insert(0, canned.run(43, api.now, added=1))
    page.run("document.querySelector('.refresh').click()")
    page.find(link("Run 43: show its changes"))
    page.wait_for_focus(link("Run 41: show its changes"))


def test_more_of_a_list_comes_on_request_and_stays_through_a_refresh(
    visit: Visit, api: StubApi
) -> None:
    page = visit("#/device_parameters/runs")
    page.find(button("More of them")).click()
    page.wait_for_count(rows("Runs"), 42)
    assert "/runs?limit=25&after=25" in api.asked
    assert not page.is_shown(button("More of them"))
    api.runs.insert(0, canned.run(43, api.now, added=1))
    page.find(button("Refresh")).click()
    page.find(link("Run 43: show its changes"))
    assert page.count(rows("Runs")) == 43


def test_the_focus_is_not_lost_with_the_button_for_more(visit: Visit) -> None:
    page = visit("#/device_parameters/runs")
    page.tab_to(button("More of them"))
    page.press(Keys.ENTER)
    page.wait_for_count(rows("Runs"), 42)
    page.wait_for_focus(".scroll")


def test_nothing_is_complained_of_and_nobody_else_is_asked(visit: Visit, page_url: str) -> None:
    page = visit("#/device_parameters")
    page.find(button("Plan a run")).click()
    page.find(rows("What a run would do now"))
    assert page.complaints() == []
    requested = page.requested()
    assert len(requested) > 15
    assert [url for url in requested if not url.startswith(page_url)] == []


def test_what_is_inline_is_refused(visit: Visit) -> None:
    page = visit("")
    page.run(
        "const script = document.createElement('script');"
        "script.textContent = 'document.title = 1'; document.body.append(script)"
    )
    assert "script-src-elem inline" in page.complaints()
    page.wait_for_script("return document.title === 'ok · Overview · device-parameters'")
