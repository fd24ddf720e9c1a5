"""Pairs on the console, and why any pair is there, or not."""

from urllib.parse import quote

import pytest
from selenium.webdriver.common.keys import Keys

from tests.console import canned
from tests.console.browser import button, card, field, link, rows
from tests.console.conftest import Visit
from tests.console.stub import StubApi

PAIRS = "#/device_parameters/pairs"


def test_pairs_are_looked_up_by_name_and_id(visit: Visit, api: StubApi) -> None:
    page = visit(PAIRS)
    page.wait_for_count(rows("Pairs"), 25)
    page.enter("Name", "roof")
    page.wait_for_count(rows("Pairs"), 1)
    assert page.address() == f"{PAIRS}?q=roof"
    visit(f"{PAIRS}?device_id=d-001")
    page.wait_for_count(rows("Pairs"), 2)
    assert "/device-parameters?device_id=d-001&limit=25" in api.asked
    visit(f"{PAIRS}?q=nothing+like+it")
    page.wait_for_text(card("Pairs"), "No pair is like that.")


def test_what_is_being_typed_stays_as_it_is(visit: Visit) -> None:
    page = visit(PAIRS)
    page.enter("Name", "boiler ")
    page.wait_for_count(rows("Pairs"), 2)
    page.find(field("Name")).send_keys("room")
    page.wait_for_script("return location.hash.endsWith('q=boiler+room')")
    assert page.find(field("Name")).get_attribute("value") == "boiler room"
    page.find(button("Show all")).click()
    page.wait_for_count(rows("Pairs"), 25)
    assert page.find(field("Name")).get_attribute("value") == ""


def test_a_pair_of_the_list_is_explained(visit: Visit) -> None:
    page = visit(f"{PAIRS}?device_id=d-001")
    page.find(f"{rows('Pairs')}[1]//a").click()
    page.wait_for_text(card("Explanation"), "The pair is in the table because")
    page.wait_for_focus("h1")
    shown = page.text(card("Explanation"))
    assert "Boiler room, north (d-001)" in shown
    assert "Active" in shown


def test_any_pair_can_be_asked_about(visit: Visit) -> None:
    page = visit(PAIRS)
    page.find("//form[@aria-label='Ask about a pair']//input").send_keys("d/9")
    page.press(Keys.TAB)
    page.press("no such", Keys.ENTER)
    page.wait_for_text(card("Explanation"), "the master data has no such device")
    assert page.address() == f"{PAIRS}/d%2F9/no%20such"
    assert "device unknown" in page.text(card("Explanation"))


@pytest.mark.parametrize("address", [f"{PAIRS}/d%2F9/no%20such", "#pair=d%2F9/no%20such"])
def test_a_link_names_a_pair(visit: Visit, address: str) -> None:
    page = visit(address)
    page.wait_for_text(card("Explanation"), "the master data has no such device")
    assert page.find(field("Device id")).get_attribute("value") == "d/9"
    assert page.address() == f"{PAIRS}/d%2F9/no%20such"


def test_an_id_without_an_address_is_explained_away(visit: Visit, api: StubApi) -> None:
    page = visit(f"{PAIRS}/../temp")
    page.wait_for_text(card("Explanation"), "has no address")
    assert not [path for path in api.asked if "temp" in path]


def test_names_are_suggested(visit: Visit) -> None:
    page = visit(f"{PAIRS}/d-001/temp")
    page.enter("Device id", "roof")
    page.find_hidden("option[value='d-003'][label='Roof station']")
    page.enter("Device id", "d-001")
    page.find(field("Parameter id")).click()
    page.find_hidden("option[value='hum']")
    page.find_hidden("option[value='temp']")


def test_the_keyboard_is_enough_to_ask(visit: Visit) -> None:
    page = visit(f"{PAIRS}/d-9/x")
    page.tab_to(field("Device id"))
    page.press(Keys.DELETE, "d-001")
    page.press(Keys.ESCAPE, Keys.TAB)
    page.press("temp")
    page.press(Keys.ESCAPE)
    page.tab_to(button("Explain"))
    page.press(Keys.ENTER)
    page.wait_for_text(card("Explanation"), "The pair is in the table")


def test_a_name_leads_to_whatever_is_named_so(visit: Visit) -> None:
    page = visit(f"{PAIRS}/{quote('Boiler room, north')}/Temperature")
    page.wait_for_text(card("Explanation"), "Devices of that name")
    page.find(link("d-001")).click()
    page.wait_for_script(f"return location.hash === '{PAIRS}/d-001/Temperature'")
    page.find(link("temp")).click()
    page.wait_for_text(card("Explanation"), "The pair is in the table")
    assert "of that name" not in page.text(card("Explanation"))


def test_a_hostile_name_leads_to_its_device(visit: Visit) -> None:
    page = visit(f"{PAIRS}/{quote(canned.HOSTILE_NAME, safe='')}/temp")
    page.find(f"{rows('Explanation')}[1]//a").click()
    page.wait_for_script("return !location.hash.includes('script')")
    assert page.find(field("Device id")).get_attribute("value") == canned.HOSTILE_ID


def test_the_history_of_a_pair_leads_to_its_runs(visit: Visit) -> None:
    page = visit(f"{PAIRS}/{canned.PAIRS[0][0]}/{canned.PAIRS[0][2]}")
    page.find(f"{rows('Explanation')}//a").click()
    page.wait_for_text("h1", "Run 41")
