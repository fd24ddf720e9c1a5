"""A browser for the session, and for each test a page on an API of its own."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.console import browser as chromium
from tests.console.browser import Browser
from tests.console.stub import StubApi, serving
from web.build import VENDOR


@pytest.fixture(scope="session")
def running_browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    if not chromium.is_installed():
        pytest.skip(f"there is no Chromium: {chromium.REMEDY}")
    if not (VENDOR / "uPlot.iife.min.js").is_file():
        pytest.skip("the chart library is missing: run `python -m web.build`")
    with chromium.started(tmp_path_factory.mktemp("profile")) as browser:
        yield browser


@pytest.fixture
def browser(running_browser: Browser) -> Browser:
    """A tab as if new."""
    running_browser.forget()
    return running_browser


@pytest.fixture
def api() -> StubApi:
    """The canned API, to be changed before the page is opened."""
    return StubApi()


@pytest.fixture
def page_url(api: StubApi) -> Iterator[str]:
    """The page's address; whatever serves the page and the API can stand here."""
    with serving(api) as url:
        yield url


@pytest.fixture
def opened(browser: Browser, page_url: str, api: StubApi) -> Browser:
    """The page with everything on it."""
    browser.open(page_url)
    browser.find("#runs tbody tr")
    return browser


@pytest.fixture
def screenshots(pytestconfig: pytest.Config) -> Path:
    """Where screenshots are left to be looked at."""
    folder = pytestconfig.rootpath / "build" / "screenshots"
    folder.mkdir(parents=True, exist_ok=True)
    return folder
