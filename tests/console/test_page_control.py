"""Who may do what on the operator page: tokens, roles, plans, runs and held removals."""

import pytest
from selenium.webdriver.common.keys import Keys

from tests.console import canned
from tests.console.browser import Browser
from tests.console.stub import StubApi, failure


def test_a_plan_shows_what_would_change_and_starts_nothing(opened: Browser, api: StubApi) -> None:
    opened.find("#window").send_keys("120")
    opened.find("#plan").click()
    opened.wait_for_text("#planned-summary", "2 added, 4 removed, 1 renamed, 97,998 observed.")
    assert "device inactive" in opened.text("#planned tbody")
    assert api.posted == [{"dry_run": True, "window_minutes": 120}]
    assert len(api.runs) == 42
    opened.find("#planned-close").click()
    assert not opened.is_shown("#planned")


def test_a_window_out_of_bounds_is_not_sent(opened: Browser, api: StubApi) -> None:
    opened.find("#window").send_keys("0")
    opened.find("#start").click()
    opened.find("#plan").click()
    assert api.posted == []


def test_a_run_that_ends_elsewhere_is_waited_for(opened: Browser, api: StubApi) -> None:
    api.is_slow = True
    opened.find("#start").click()
    opened.wait_for_text("#control-result", "Run 43 is under way")
    opened.wait_for_text("#control-result", "Run 43 succeeded in 812 ms: 5 added.")
    opened.wait_for_text("#last-run-facts", "43")
    assert api.asked.count("/runs/43") == 2
    assert opened.text("#runs tbody th:first-child").startswith("43")


def test_another_run_under_way_is_said(opened: Browser, api: StubApi) -> None:
    api.failures["/sync"] = failure(409, "RUN_ALREADY_ACTIVE", "another run is under way")
    opened.find("#start").click()
    opened.wait_for_text("#control-result", "Another run is under way. Request req-4711.")


def test_a_role_taken_away_meanwhile_is_said(opened: Browser, api: StubApi) -> None:
    api.role = "viewer"
    opened.find("#start").click()
    opened.wait_for_text("#control-result", "This takes the role operator.")


@pytest.mark.parametrize(
    ("role", "may_run", "may_release"),
    [("viewer", False, False), ("operator", True, False), ("admin", True, True)],
)
def test_each_role_is_offered_what_it_may_do(
    browser: Browser, page_url: str, api: StubApi, role: str, may_run: bool, may_release: bool
) -> None:
    guard(api)
    api.role = role
    browser.open(page_url)
    browser.find("#runs tbody tr")
    assert browser.is_shown("#start") is may_run
    assert browser.is_shown("#plan") is may_run
    assert browser.is_shown("#release") is may_release
    assert role in browser.text("#identity")


def test_held_removals_are_released_only_when_confirmed(
    browser: Browser, page_url: str, api: StubApi
) -> None:
    guard(api)
    browser.open(page_url)
    browser.wait_for_text("#state-sentence", "held 81,234 removals")
    browser.find("#release").click()
    assert "Release 81,234 held removals?" in browser.find("#confirm").text
    assert browser.run("return document.activeElement.id") == "confirm-no"
    browser.press(Keys.ENTER)
    assert not browser.is_shown("#confirm")
    assert api.posted == []

    browser.find("#release").click()
    browser.find("#confirm-yes").click()
    browser.wait_for_text("#control-result", "Run 43 succeeded")
    assert api.posted == [{"force": True}]


def test_nothing_is_released_while_nothing_is_held(opened: Browser) -> None:
    assert not opened.is_shown("#release")


def test_a_token_is_asked_for_and_kept_for_the_tab_only(
    browser: Browser, page_url: str, api: StubApi
) -> None:
    api.token = "s3cret"
    browser.open(page_url)
    browser.find("#token").send_keys("wrong", Keys.ENTER)
    browser.wait_for_text("#signin-problem", "not accepted")
    assert not browser.is_shown("#dashboard")
    browser.find("#token").send_keys("s3cret", Keys.ENTER)
    browser.find("#runs tbody tr")
    assert not browser.is_shown("#signin")
    assert browser.run("return [localStorage.length, document.cookie]") == [0, ""]

    browser.find("#sign-out").click()
    browser.find("#signin")
    assert browser.run("return sessionStorage.length") == 0


def test_a_token_without_a_role_can_be_replaced(
    browser: Browser, page_url: str, api: StubApi
) -> None:
    api.token = "s3cret"
    browser.open(page_url)
    api.failures["/me"] = 403, {"Message": "User is not authorized to access this resource"}
    browser.find("#token").send_keys("s3cret", Keys.ENTER)
    browser.wait_for_text("#signin-problem", "has no role here")
    api.failures.clear()
    browser.find("#token").send_keys("s3cret", Keys.ENTER)
    browser.find("#runs tbody tr")


def test_a_token_that_expires_is_asked_for_again(opened: Browser, api: StubApi) -> None:
    api.token = "rotated"
    opened.find("#refresh").click()
    opened.find("#signin")
    assert not opened.is_shown("#dashboard")


def test_who_may_not_read_is_told_which_role_it_takes(
    browser: Browser, page_url: str, api: StubApi
) -> None:
    api.failures["/status"] = failure(403, "FORBIDDEN", "not for you")
    browser.open(page_url)
    browser.wait_for_text(
        "#problem", "Not for you. Request req-4711. Reading takes the role viewer."
    )


def guard(api: StubApi) -> None:
    """The last run held removals."""
    api.state = "guarded"
    api.runs[0] = canned.run(42, api.now, "guarded", held=81_234, observed=200)
