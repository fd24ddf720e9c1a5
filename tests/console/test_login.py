"""Signing in at an issuer: a browser, a provider, and tokens that are verified."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from chalicelib.access.settings import access_from_environment
from chalicelib.access.tokens import authenticate
from chalicelib.errors import ApplicationError
from tests.access.issuer import CLIENT, SUBJECT
from tests.console.browser import Browser, button, card, field
from tests.console.canned import Document
from tests.console.provider import Provider
from tests.console.replies import Answer
from tests.console.stub import StubApi

SIGN_IN = button("Sign in")
ALERT = "[role=alert]"
GRANT = "device-parameters.grant"
EXPIRE = f"""
const grant = JSON.parse(sessionStorage.getItem("{GRANT}"));
sessionStorage.setItem("{GRANT}", JSON.stringify({{...grant, renewAt: 0}}));
"""


class VerifyingApi(StubApi):
    """The canned API behind the real check of tokens."""

    def __init__(self, provider: Provider) -> None:
        super().__init__()
        self._settings = access_from_environment(provider.environment)
        self.refused: list[str] = []

    def answer(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> Answer:
        token = headers.get("Authorization", "")
        try:
            caller = authenticate(self._settings, token)
        except ApplicationError as error:
            return error.http_status, {"message": "Unauthorized"}
        if token.removeprefix("Bearer ") in self.refused:
            return 401, {"message": "Unauthorized"}
        if caller.role is None:
            return 403, {"message": "Forbidden"}
        if path == "/me":
            return 200, self._me(caller.subject, caller.role)
        return super().answer(method, path, headers, body)

    def _me(self, subject: str, role: str) -> Document:
        self.role = role
        return {"subject": subject, "role": role}


@pytest.fixture
def provider(monkeypatch: pytest.MonkeyPatch) -> Iterator[Provider]:
    """A provider, in which the application trusts."""
    with Provider() as running:
        environ = {**running.environment, "AUTH_MODE": "required", "OIDC_CLIENT_ID": CLIENT}
        for name, value in environ.items():
            monkeypatch.setenv(name, value)
        yield running


@pytest.fixture
def api(provider: Provider) -> VerifyingApi:
    return VerifyingApi(provider)


@pytest.fixture
def site(page_url: str, provider: Provider) -> str:
    """The address of the page, which the provider knows."""
    provider.redirects.add(page_url)
    return page_url


def sign_in(browser: Browser, address: str) -> None:
    browser.open(address)
    browser.find(SIGN_IN)
    browser.complaints()  # The browser has one of each 401, and the page asks who this is.
    browser.find(SIGN_IN).click()


def stored(browser: Browser) -> list[str]:
    return sorted(browser.run("return Object.keys(sessionStorage)"))


def test_who_signs_in_is_sent_back_to_where_they_were(
    browser: Browser, site: str, provider: Provider
) -> None:
    sign_in(browser, f"{site}#/parquet_loads/25")
    browser.wait_for_text("h1", "Load 25")
    assert f"{SUBJECT} · admin" in browser.text(".masthead")
    assert browser.run("return location.href") == f"{site}#/parquet_loads/25"
    assert stored(browser) == [GRANT, "device-parameters.token"]
    assert browser.complaints() == []
    [asked] = [asked for path, asked in provider.asked if path == "/pool/authorize"]
    assert len({asked["state"], asked["nonce"], asked["code_challenge"]}) == 3
    assert min(map(len, (asked["state"], asked["nonce"], asked["code_challenge"]))) >= 43


def test_a_page_that_is_loaded_anew_is_still_signed_in(browser: Browser, site: str) -> None:
    sign_in(browser, site)
    browser.find(card("Sync"))
    browser.reload()
    browser.find(card("Sync"))


def test_an_answer_with_another_state_is_not_taken(
    browser: Browser, site: str, provider: Provider
) -> None:
    provider.sends_back = {"state": "another"}
    sign_in(browser, site)
    browser.wait_for_text(ALERT, "for no sign-in that was begun in this tab")
    assert "/pool/token" not in provider.paths()
    assert stored(browser) == []
    provider.sends_back = {}
    browser.find(SIGN_IN).click()
    browser.find(card("Sync"))


def test_an_answer_counts_once(browser: Browser, site: str, provider: Provider) -> None:
    sign_in(browser, site)
    browser.find(card("Sync"))
    browser.run("sessionStorage.clear()")
    [back] = provider.sent_back
    browser.open(back)
    browser.wait_for_text(ALERT, "for no sign-in that was begun in this tab")
    assert provider.paths().count("/pool/token") == 1
    assert "code=" not in browser.run("return location.href")


def test_a_code_that_was_used_before_is_refused(
    browser: Browser, site: str, provider: Provider
) -> None:
    provider.sends_back = {"code": "used-before"}
    sign_in(browser, site)
    browser.wait_for_text(ALERT, "no longer takes this sign-in. Please sign in again.")


def test_what_the_issuer_says_is_shown_as_text(
    browser: Browser, site: str, provider: Provider
) -> None:
    hostile = "<img src=x onerror=alert(1)>\u202e" + "x" * 500
    provider.sends_back = {"error": "access_denied", "error_description": hostile}
    sign_in(browser, site)
    browser.wait_for_text(ALERT, "The issuer did not let you in. It says: “<img src=x onerror")
    said = browser.text(ALERT)
    assert len(said) < 300
    assert "\u202e" not in said
    assert browser.count("main img") == 0
    browser.find(SIGN_IN)


def test_a_stranger_s_link_says_nothing_of_its_own(browser: Browser, site: str) -> None:
    browser.open(f"{site}?error=access_denied&error_description=Call+us&state=x")
    browser.wait_for_text(ALERT, "for no sign-in that was begun in this tab")
    assert "Call us" not in browser.text("body")


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"iat": 1, "exp": 301}, "The clock of this computer and that of the issuer differ"),
        ({"nonce": "another"}, "a token that is for something else"),
        ({"aud": "another"}, "a token that is for something else"),
        ({"iss": "https://another.example"}, "a token that is for something else"),
        ({"cognito:groups": []}, "has no role here"),
        ({"token_use": None}, "The API does not take the issuer's token"),
    ],
)
def test_a_token_that_does_not_count_is_said(
    changed: dict[str, object], sentence: str, browser: Browser, site: str, provider: Provider
) -> None:
    provider.changed = changed
    sign_in(browser, site)
    browser.wait_for_text(ALERT, sentence)
    assert stored(browser) == []


def test_an_issuer_that_is_down_is_said(browser: Browser, site: str, provider: Provider) -> None:
    provider.is_down = True
    sign_in(browser, site)
    browser.wait_for_text(ALERT, "The issuer cannot be reached")
    provider.is_down = False
    browser.find(SIGN_IN).click()
    browser.find(card("Sync"))


def test_a_token_endpoint_elsewhere_has_to_be_named(
    browser: Browser,
    site: str,
    provider: Provider,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    elsewhere = provider.url.replace("127.0.0.1", "localhost")
    provider.metadata = {"token_endpoint": f"{elsewhere}/token"}
    sign_in(browser, site)
    browser.wait_for_text(ALERT, "which OIDC_ENDPOINT_ORIGINS does not name")
    monkeypatch.setenv("OIDC_ENDPOINT_ORIGINS", elsewhere.removesuffix("/pool"))
    sign_in(browser, site)
    browser.find(card("Sync"))
    assert browser.complaints() == []


def test_a_token_is_renewed_before_it_expires(
    browser: Browser, site: str, provider: Provider, api: VerifyingApi
) -> None:
    sign_in(browser, site)
    browser.find(card("Sync"))
    for number in (2, 3):  # The second renewal takes the refresh token that the first one gave.
        browser.run(EXPIRE)
        browser.find(button("Refresh")).click()
        browser.wait_for_script(f"return {_GRANTED} > 0")
        assert len(provider.issued) == number
        api.refused = provider.issued[:-1]
        browser.find(card("Sync"))
    browser.reload()
    browser.find(card("Sync"))


_GRANTED = f'JSON.parse(sessionStorage.getItem("{GRANT}")).renewAt'


def test_a_session_that_is_over_is_said(
    browser: Browser, site: str, provider: Provider, api: VerifyingApi
) -> None:
    sign_in(browser, f"{site}#/device_parameters/runs")
    browser.wait_for_text("h1", "Runs")
    provider.forget_sessions()
    api.refused = list(provider.issued)
    browser.run(EXPIRE)
    browser.find(button("Refresh")).click()
    browser.wait_for_text(ALERT, "Your session is over: please sign in again.")
    assert stored(browser) == []
    browser.find(SIGN_IN).click()
    browser.wait_for_text("h1", "Runs")


def test_without_the_issuer_a_token_counts_as_long_as_it_does(
    browser: Browser, site: str, provider: Provider, api: VerifyingApi
) -> None:
    sign_in(browser, site)
    browser.find(card("Sync"))
    provider.is_down = True
    browser.run(EXPIRE)
    browser.find(button("Refresh")).click()
    browser.wait_for_script(f"return {_GRANTED} > 0")
    browser.find(card("Sync"))
    api.refused = list(provider.issued)
    browser.find(button("Refresh")).click()
    browser.wait_for_text(ALERT, "The issuer cannot be reached, or does not answer as an issuer")


def test_an_issuer_may_give_nothing_to_renew_with(
    browser: Browser, site: str, provider: Provider
) -> None:
    provider.renews = False
    sign_in(browser, site)
    browser.find(card("Sync"))
    browser.run(EXPIRE)
    browser.find(button("Refresh")).click()
    browser.find(card("Sync"))
    assert len(provider.issued) == 1


def test_signing_out_ends_the_session_at_the_issuer(
    browser: Browser, site: str, provider: Provider
) -> None:
    sign_in(browser, site)
    browser.find(button("Sign out")).click()
    browser.find(SIGN_IN)
    asked = dict(provider.asked)
    assert asked["/pool/logout"] == {
        "client_id": CLIENT,
        "post_logout_redirect_uri": site,
        "logout_uri": site,
    }
    assert asked["/pool/revoke"]["token"]
    assert stored(browser) == []
    assert not browser.is_shown(ALERT)
    assert not browser.is_shown("nav")


@pytest.mark.parametrize("is_down", [False, True])
def test_signing_out_here_needs_no_issuer(
    is_down: bool, browser: Browser, site: str, provider: Provider
) -> None:
    provider.metadata = {"end_session_endpoint": None}
    sign_in(browser, site)
    browser.find(card("Sync"))
    browser.reload()
    browser.find(card("Sync"))
    provider.is_down = is_down
    browser.find(button("Sign out")).click()
    browser.find(SIGN_IN)
    assert stored(browser) == []


def test_a_token_can_still_be_pasted(browser: Browser, site: str, provider: Provider) -> None:
    browser.open(site)
    browser.find("summary").click()
    browser.find(field("Access token")).send_keys(provider.token())
    browser.find(button("Use this token")).click()
    browser.find(card("Sync"))
    browser.find(button("Forget the token")).click()
    browser.find(SIGN_IN)
    assert "/pool/authorize" not in provider.paths()


@pytest.mark.parametrize("screen", ["wide", "narrow-dark"])
def test_screenshots_of_the_sign_in(
    browser: Browser, site: str, provider: Provider, screenshots: Path, screen: str
) -> None:
    browser.emulate(360 if "narrow" in screen else 1280, 900, is_dark="dark" in screen)
    provider.sends_back = {"error": "access_denied", "error_description": "Ask <b>IT</b>."}
    sign_in(browser, site)
    browser.find(ALERT)
    browser.save_screenshot(screenshots / f"signin-{screen}.png")
    assert browser.run("return document.documentElement.scrollWidth <= innerWidth")
