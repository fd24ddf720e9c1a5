"""How the console looks: light, dark, on a phone. The screenshots are there to be looked at."""

from datetime import timedelta
from pathlib import Path

import pytest

from tests.console.browser import Browser, button, card
from tests.console.conftest import Visit
from tests.console.stub import StubApi

LIGHT, DARK = "rgb(243, 244, 246)", "rgb(14, 18, 23)"
PAGES = {
    "overview": "#/",
    "sync": "#/device_parameters",
    "removals": "#/device_parameters/removals",
    "runs": "#/device_parameters/runs",
    "run": "#/device_parameters/runs/42",
    "pairs": "#/device_parameters/pairs",
    "pair": "#/device_parameters/pairs/d-001/temp",
    "heartbeats": "#/heartbeats",
    "device": "#/heartbeats/devices/hvac-003",
    "unknown": "#/heartbeats/unknown",
    "loads": "#/parquet_loads",
    "load": "#/parquet_loads/25",
    "devices": "#/devices",
    "registration": "#/devices/new",
    "registered-device": "#/devices/of/dev-01",
    "imports": "#/devices/imports",
    "import": "#/devices/imports/import-0",
    "holds": "#/devices/holds",
    "types": "#/device_types",
    "type": "#/device_types/type-sensor",
    "type-change": "#/device_types/type-sensor/change",
    "telemetry": "#/telemetry",
    "rejects": "#/telemetry/rejects",
    "telemetry-of-a-device": "#/telemetry/of/dev-01",
    "users": "#/users",
    "user": "#/users/user-01",
    "profile": "#/users/me",
    "organizations": "#/organizations",
    "organization": "#/organizations/org-acme",
    "audit": "#/service",
}
SCREENS = {
    "desktop-light": (1280, False),
    "desktop-dark": (1280, True),
    "phone-light": (390, False),
}


@pytest.mark.parametrize("width", [320, 768, 1280])
def test_no_page_scrolls_sideways(browser: Browser, visit: Visit, width: int) -> None:
    browser.emulate(width, 740)
    page = visit("#/nowhere")
    for address in PAGES.values():
        page.go(address)
        assert page.run("return document.documentElement.scrollWidth <= innerWidth"), address
    page.go(PAGES["sync"])
    page.find(button("Plan a run")).click()
    page.find(card("What a run would do now"))
    assert page.run("return document.documentElement.scrollWidth <= innerWidth")


@pytest.mark.parametrize(("is_dark", "background"), [(False, LIGHT), (True, DARK)])
def test_it_is_light_or_dark_as_the_system_is(
    browser: Browser, visit: Visit, is_dark: bool, background: str
) -> None:
    browser.emulate(1280, 900, is_dark=is_dark)
    page = visit("#/")
    shown = page.run("return getComputedStyle(document.body).backgroundColor")
    assert shown == background


@pytest.mark.parametrize("screen", SCREENS)
def test_screenshots_to_look_at(
    browser: Browser, visit: Visit, screenshots: Path, screen: str
) -> None:
    width, is_dark = SCREENS[screen]
    page = visit("#/nowhere")
    for name, address in PAGES.items():
        browser.emulate(width, 900, is_dark=is_dark)
        page.go(address)
        page.save_screenshot(screenshots / f"{name}-{screen}.png")
    assert len(list(screenshots.glob(f"*-{screen}.png"))) >= len(PAGES)


@pytest.mark.parametrize("screen", SCREENS)
def test_screenshots_of_what_lies_above_the_page(
    browser: Browser, visit: Visit, api: StubApi, screenshots: Path, screen: str
) -> None:
    api.removals.newest_at = api.now - timedelta(hours=2)
    width, is_dark = SCREENS[screen]
    browser.emulate(width, 900, is_dark=is_dark)
    page = visit(PAGES["removals"])
    page.find(button("Release 63 removals…")).click()
    page.find("dialog[open]")
    file = screenshots / f"dialog-{screen}.png"
    page.save_screenshot(file)
    assert file.stat().st_size > 20_000
