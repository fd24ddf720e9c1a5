"""Removals that wait for a person, on the console: what is shown, and what is released."""

import json
from datetime import timedelta

import pytest
from selenium.webdriver.common.keys import Keys

from tests.console import canned
from tests.console.browser import Browser, button, card, field, link, rows
from tests.console.conftest import Visit
from tests.console.replies import failure
from tests.console.stub import StubApi

REMOVALS = "#/device_parameters/removals"
REVIEW = card("Review")
OUTCOME = card("What became of it")
DIALOG = "dialog[open]"
WARNING = f"{REVIEW}//*[@role='note']"
# What is saved as a file is kept for the test as well.
KEEP_SAVED = """
const make = URL.createObjectURL;
URL.createObjectURL = (blob) => {
  blob.text().then((text) => { window.saved = text; });
  return make.call(URL, blob);
};
const click = HTMLAnchorElement.prototype.click;
HTMLAnchorElement.prototype.click = function () {
  window.savedAs = this.download;
  click.call(this);
};
"""


def release(page: Browser, said: str, comment: str = "") -> None:
    page.find(button(said)).click()
    page.find(DIALOG)
    if comment:
        page.enter("Comment", comment)
    page.find(button("Release them")).click()


def group(title: str) -> str:
    return f"{REVIEW}//section[h3[normalize-space()='{title}']]"


def test_a_review_counts_what_waits_in_every_way(visit: Visit) -> None:
    page = visit(REMOVALS)
    page.wait_for_text(REVIEW, "63 removals wait for a person.")
    assert page.text(group("By reason")) == "By reasonwindow expired61device unknown2"
    assert "its site60" in page.text(group("Held for"))
    assert "north60" in page.text(group("By site"))
    assert "not known2" in page.text(group("By site"))
    assert "meter60" in page.text(group("By device type"))
    assert "temp63" in page.text(group("By parameter"))
    assert "Last seen from" in page.text(REVIEW)
    assert "2 hours ago" in page.text(REVIEW)
    assert (
        page.text("main .freshness") == "The newest measurement of any device came 3 minutes ago."
    )
    assert page.count(rows("Held removals")) == 50
    assert page.complaints() == []


def test_a_count_is_a_filter_that_stays_in_the_address(visit: Visit, api: StubApi) -> None:
    page = visit(REMOVALS)
    page.find(f"{group('By site')}//button[normalize-space()='north']").click()
    page.wait_for_text(REVIEW, "60 removals wait for a person, as filtered.")
    page.wait_for_focus(REVIEW)
    assert page.address() == f"{REMOVALS}?site_id=north"
    assert "/removals?site_id=north&limit=50" in api.asked
    assert page.find(field("Site")).get_attribute("value") == "north"
    page.reload()
    page.wait_for_text(REVIEW, "60 removals wait for a person, as filtered.")
    pressed = page.find(f"{group('By site')}//button")
    assert pressed.get_attribute("aria-pressed") == "true"
    pressed.click()
    page.wait_for_text(REVIEW, "63 removals wait for a person.")
    assert page.address() == REMOVALS
    page.choose("Held for", "the whole table")
    page.wait_for_count(rows("Held removals"), 3)
    assert page.address() == f"{REMOVALS}?scope=table"


def test_nothing_that_waits_is_said(visit: Visit, api: StubApi) -> None:
    page = visit(f"{REMOVALS}?site_id=nowhere")
    page.wait_for_text(REVIEW, "No removal that waits is like that.")
    api.removals.held = []
    page = visit(REMOVALS)
    page.wait_for_text(REVIEW, "No removal waits for a person.")
    page.wait_for_text(card("Held removals"), "Nothing is held.")
    assert not page.is_shown("button.danger")


@pytest.mark.parametrize(("minutes", "is_warned"), [(14, False), (16, True), (None, True)])
def test_an_old_measurement_is_a_warning_before_and_in_the_dialog(
    visit: Visit, api: StubApi, minutes: int | None, is_warned: bool
) -> None:
    api.removals.newest_at = None if minutes is None else api.now - timedelta(minutes=minutes)
    page = visit(REMOVALS)
    page.wait_for_text(REVIEW, "63 removals wait")
    assert page.is_shown(WARNING) is is_warned
    page.find(button("Release 63 removals…")).click()
    said = page.find(DIALOG).text
    assert ("ingestion may be down" in said) is is_warned
    if minutes is not None:
        assert f"came {minutes} minutes ago" in said


def test_a_release_is_bound_to_the_review_on_screen(visit: Visit, api: StubApi) -> None:
    page = visit(f"{REMOVALS}?site_id=north")
    page.find(button("Release 60 removals…")).click()
    said = page.text(DIALOG)
    assert "Release 60 removals?" in said
    assert "site north" in said
    assert "What is held after you looked is not released." in said
    page.wait_for_focus(button("Leave them"))

    # What is held now is on screen behind the dialog, and was not reviewed.
    api.removals.hold("north-later", "north", "meter")
    page.run("document.querySelector('.refresh').click()")
    page.wait_for_text(REVIEW, "61 removals wait")
    assert "Release 60 removals?" in page.text(DIALOG)
    page.enter("Comment", "  The site was closed. ")
    page.find(button("Release them")).click()
    page.wait_for_text(OUTCOME, "Released 60 of the 60 that were reviewed; 4 wait still.")
    page.wait_for_focus(OUTCOME)
    [posted] = api.posted
    assert json.loads(posted["token"]) == {
        "filter": {"site_id": "north"},
        "up_to": 63,
        "count": 60,
    }
    assert posted["comment"] == "The site was closed."
    assert "pairs" not in posted
    page.wait_for_text(REVIEW, "1 removal waits for a person, as filtered.")
    assert "released" in page.text(f"{rows('Held removals')}[1]")


def test_a_release_offers_the_run_that_carries_it_out(visit: Visit, api: StubApi) -> None:
    page = visit(REMOVALS)
    release(page, "Release 63 removals…")
    page.find(button("Start a run now")).click()
    page.wait_for_text(OUTCOME, "Run 43 succeeded in 812 ms: 5 added.")
    assert api.posted[1:] == [{}]
    assert not page.is_shown(button("Start a run now"))


def test_a_review_that_is_older_than_the_state_is_said(visit: Visit, api: StubApi) -> None:
    page = visit(REMOVALS)
    page.wait_for_text(REVIEW, "63 removals wait")
    del api.removals.held[:3]
    release(page, "Release 63 removals…")
    page.wait_for_text(OUTCOME, "Released 60 of the 63 that were reviewed; 0 wait still. 3 are no")
    assert "what you looked at was older than the state" in page.text(OUTCOME)
    assert page.is_shown(".result.tone-warn")


def test_some_of_them_are_released_by_name(visit: Visit, api: StubApi) -> None:
    page = visit(f"{REMOVALS}?reason=device_unknown")
    assert not page.is_shown(button("Release 1 selected removal…"))
    page.tab_to("//input[@aria-label='Select Device gone-1, Temperature']")
    page.press(Keys.SPACE)
    page.find(button("Release 1 selected removal…")).click()
    assert "Those that you have selected, out of 2 removals." in page.text(DIALOG)
    page.find(button("Release them")).click()
    page.wait_for_text(OUTCOME, "Released 1 of the 1 that were selected; 62 wait still.")
    assert api.posted[0]["pairs"] == [{"device_id": "gone-1", "parameter_id": "temp"}]
    page.wait_for_count("input[type=checkbox]", 1)


def test_a_selected_removal_that_changed_is_selected_no_longer(visit: Visit, api: StubApi) -> None:
    page = visit(f"{REMOVALS}?device_type_id=meter")
    page.find(button("Select all in sight")).click()
    page.find(button("Release 50 selected removals…"))
    api.removals.held[0]["scope"] = "device_type"
    page.find(button("Refresh")).click()
    page.find(button("Release 49 selected removals…"))
    page.find(button("Select none")).click()
    page.wait_until_gone(button("Select none"))


@pytest.mark.parametrize(("role", "may_release"), [("operator", False), ("admin", True)])
def test_only_an_admin_is_offered_a_release(
    visit: Visit, api: StubApi, role: str, may_release: bool
) -> None:
    api.role = role
    page = visit(REMOVALS)
    page.wait_for_text(REVIEW, "63 removals wait")
    assert page.is_shown(button("Release 63 removals…")) is may_release
    assert page.is_shown("input[type=checkbox]") is may_release
    assert ("takes the role admin" in page.text(REVIEW)) is not may_release


def test_a_release_that_is_refused_leaves_the_dialog_with_the_reason(
    visit: Visit, api: StubApi
) -> None:
    page = visit(REMOVALS)
    page.find(button("Release 63 removals…")).click()
    page.enter("Comment", "Why not")
    api.answers["/removals/release"] = failure(400, "INVALID_REQUEST", "token must be unchanged")
    page.find(button("Release them")).click()
    page.wait_for_text(f"{DIALOG} [role=alert]", "Token must be unchanged. Request req-4711.")
    assert page.find(field("Comment")).get_attribute("value") == "Why not"
    api.answers.clear()
    api.role = "viewer"
    page.find(button("Release them")).click()
    page.wait_for_text(f"{DIALOG} [role=alert]", "Your role is admin.")
    page.press(Keys.ESCAPE)
    page.wait_until_gone(DIALOG)
    page.find(button("Release 63 removals…")).click()
    assert page.find(field("Comment")).get_attribute("value") == ""
    assert not page.is_shown(f"{DIALOG} [role=alert]")


def test_the_dialog_is_used_by_keyboard_and_enter_releases_nothing(
    visit: Visit, api: StubApi
) -> None:
    page = visit(REMOVALS)
    opener = button("Release 63 removals…")
    page.tab_to(opener)
    page.press(Keys.ENTER)
    page.wait_for_focus(button("Leave them"))
    page.find(field("Comment")).send_keys("closed", Keys.ENTER)
    assert page.is_shown(DIALOG)
    page.tab_to(button("Leave them"))
    page.press(Keys.ENTER)
    page.wait_until_gone(DIALOG)
    page.wait_for_focus(opener)
    assert api.posted == []


def test_a_hostile_name_is_text_wherever_it_stands(visit: Visit, api: StubApi) -> None:
    api.removals.hold("bell\x07-\x1b[31m", "north\u202esite", "meter", device_name="Bell \x07")
    api.removals.held.reverse()
    page = visit(REMOVALS)
    page.wait_for_text(group("By site"), canned.HOSTILE_NAME)
    assert canned.HOSTILE_ID in page.text(rows("Held removals"))
    first = page.text(f"{rows('Held removals')}[1]")
    assert "Bell ␇" in first
    assert "bell␇-␛[31m" in first
    page.find(f"{group('By site')}//button[contains(., 'script')]").click()
    page.wait_for_text(REVIEW, "1 removal waits")
    page.find(button("Release 1 removal…")).click()
    assert canned.HOSTILE_NAME in page.text(DIALOG)
    assert page.run("return document.querySelectorAll('main script, main img').length") == 0
    assert (
        page.run("return getComputedStyle(document.querySelector('dialog .name')).unicodeBidi")
        == "isolate"
    )
    assert "taken" not in page.run("return document.title")
    page.find(button("Release them")).click()
    page.wait_for_text(OUTCOME, "Released 1 of the 1")
    assert json.loads(api.posted[0]["token"])["filter"] == {"site_id": canned.HOSTILE_NAME}
    assert page.complaints() == []


def test_all_pages_of_the_csv_come_as_one_file(visit: Visit, api: StubApi) -> None:
    api.token = "a-token"
    page = visit("")
    page.run("sessionStorage.setItem('device-parameters.token', 'a-token')")
    page = visit(f"{REMOVALS}?site_id=north")
    page.run(KEEP_SAVED)
    page.find(button("Download as CSV")).click()
    page.wait_for_text(card("Held removals"), "Complete: ")
    page.wait_for_script("return window.saved")
    lines = page.run("return window.saved").splitlines()
    assert lines == ["device_id", *(f"north-{number:02}" for number in range(60))]
    assert page.run("return window.savedAs") == "removals.csv"
    assert page.complaints() == []


def test_a_csv_that_breaks_off_says_so_and_where(visit: Visit, api: StubApi) -> None:
    page = visit(REMOVALS)
    page.run(KEEP_SAVED)
    api.answers["/removals.csv?after=25"] = failure(
        500, "INTERNAL_ERROR", "an internal error occurred"
    )
    page.find(button("Download as CSV")).click()
    page.wait_for_text(card("Held removals"), "Incomplete: it ends after")
    assert "An internal error occurred." in page.text(card("Held removals"))
    page.wait_for_script("return window.saved")
    assert page.run("return window.savedAs") == "removals-incomplete.csv"
    assert page.run("return window.saved").splitlines()[-1] == "north-24"


def test_a_held_removal_leads_to_its_pair_and_its_run(visit: Visit) -> None:
    page = visit(REMOVALS)
    page.find(f"{rows('Held removals')}[1]//a[normalize-space()='run 41']").click()
    page.wait_for_text("h1", "Run 41")
    page.back()
    page.find(f"{rows('Held removals')}[1]//th/a").click()
    page.wait_for_text("h1", "Why is a pair there, or not?")


def test_the_navigation_leads_here(visit: Visit) -> None:
    page = visit("")
    page.find(f"//nav{link('Removals')}").click()
    page.wait_for_text("h1", "Removals")
