"""A browser for the session, and for each test a page on an API of its own."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from chalicelib.console.assets import ASSETS, NAMES, Asset, views_module
from tests.console import browser as chromium
from tests.console.browser import Browser
from tests.console.serving import serving
from tests.console.stub import StubApi
from web.build import FILES, VENDOR

Visit = Callable[[str], Browser]
AddView = Callable[[str, str], None]


@pytest.fixture(scope="session")
def running_browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    if not chromium.is_installed():
        pytest.skip(f"there is no Chromium: {chromium.REMEDY}")
    if not all((VENDOR / file.name).is_file() for file in FILES):
        pytest.skip("a library of the page is missing: run `python -m web.build`")
    with chromium.started(tmp_path_factory.mktemp("profile")) as browser:
        yield browser


@pytest.fixture
def browser(running_browser: Browser) -> Browser:
    """A tab that is as good as new."""
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
def visit(browser: Browser, page_url: str) -> Visit:
    """Opens the page at an address, and waits until something is on it."""

    def open_at(address: str) -> Browser:
        browser.open(page_url + address)
        browser.find("h1")
        browser.wait_until_gone(".loading")
        return browser

    return open_at


@pytest.fixture
def add_view(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> AddView:
    """Adds the view of a feature of this name, of which this is the module."""

    def add(name: str, module: str) -> None:
        file = tmp_path / f"{name}.js"
        file.write_text(module, encoding="utf-8")
        monkeypatch.setitem(ASSETS, f"{name}.view.js", Asset(file, (file,)))
        views = views_module([*NAMES, name], ASSETS)
        monkeypatch.setattr("chalicelib.console.routes.VIEWS_MODULE", views)

    return add


@pytest.fixture
def screenshots(pytestconfig: pytest.Config) -> Path:
    """Where screenshots are left to be looked at."""
    folder = pytestconfig.rootpath / "build" / "screenshots"
    folder.mkdir(parents=True, exist_ok=True)
    return folder
