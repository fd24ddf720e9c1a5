"""Who may see and do what: tokens and roles."""

import pytest
from selenium.webdriver.common.keys import Keys

from tests.console.browser import Browser, button, card, field
from tests.console.conftest import Visit
from tests.console.replies import failure
from tests.console.stub import StubApi

TOKEN = field("Access token")
SIGN_IN = card("A token is needed")


def sign_in(browser: Browser, token: str) -> None:
    browser.find(TOKEN).send_keys(token, Keys.ENTER)


def test_a_token_is_asked_for_and_kept_for_the_tab_only(
    browser: Browser, page_url: str, api: StubApi
) -> None:
    api.token = "s3cret"
    browser.open(page_url)
    browser.wait_for_focus(TOKEN)
    sign_in(browser, "wrong")
    browser.wait_for_text("[role=alert]", "not accepted")
    assert not browser.is_shown(card("Sync"))
    assert not browser.is_shown("nav")
    sign_in(browser, "s3cret")
    browser.find(card("Sync"))
    assert not browser.is_shown(SIGN_IN)
    assert browser.run("return [localStorage.length, document.cookie]") == [0, ""]

    browser.find(button("Forget the token")).click()
    browser.find(SIGN_IN)
    assert browser.run("return sessionStorage.length") == 0


def test_a_token_leads_to_the_page_that_was_asked_for(
    browser: Browser, page_url: str, api: StubApi
) -> None:
    api.token = "s3cret"
    browser.open(f"{page_url}#/parquet_loads/25")
    sign_in(browser, "s3cret")
    browser.wait_for_text("h1", "Load 25")


def test_what_no_token_can_be_is_not_sent(browser: Browser, page_url: str, api: StubApi) -> None:
    api.token = "s3cret"
    browser.open(page_url)
    sign_in(browser, "two words")
    browser.wait_for_text("[role=alert]", "neither spaces nor letters beyond ASCII")
    assert api.asked == ["/me"]


def test_a_token_without_a_role_can_be_replaced(
    browser: Browser, page_url: str, api: StubApi
) -> None:
    api.token = "s3cret"
    browser.open(page_url)
    api.answers["/me"] = 403, {"Message": "User is not authorized to access this resource"}
    sign_in(browser, "s3cret")
    browser.wait_for_text("[role=alert]", "has no role here")
    api.answers.clear()
    sign_in(browser, "s3cret")
    browser.find(card("Sync"))


def test_a_token_that_expires_is_asked_for_again(visit: Visit, api: StubApi) -> None:
    page = visit("#/device_parameters/runs")
    api.token = "rotated"
    page.find(button("Refresh")).click()
    page.find(SIGN_IN)
    assert not page.is_shown(card("Runs"))


def test_whoever_may_not_read_is_told_so_and_which_role_they_have(
    visit: Visit, api: StubApi
) -> None:
    api.answers["/status"] = failure(403, "FORBIDDEN", "not for you")
    page = visit("#/device_parameters")
    page.wait_for_text("main [role=alert]", "Not for you. Request req-4711. Your role is admin.")


def test_a_server_that_is_down_is_said_and_asked_again(
    browser: Browser, page_url: str, api: StubApi
) -> None:
    api.answers["/me"] = failure(503, "DATABASE_UNAVAILABLE", "the database cannot be reached")
    browser.open(page_url)
    browser.wait_for_text("[role=alert]", "The database cannot be reached.")
    api.answers.clear()
    browser.find(button("Refresh")).click()
    browser.find(card("Sync"))


@pytest.mark.parametrize("role", ["viewer", "operator", "admin"])
def test_the_role_is_in_sight(visit: Visit, api: StubApi, role: str) -> None:
    api.role = role
    assert f"subject-of-the-token · {role}" in visit("").text(".masthead")
