"""Chromium without a window, and what a test does with a page in it."""

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from selenium.common.exceptions import StaleElementReferenceException
from selenium.webdriver import Chrome, ChromeOptions, ChromeService
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.select import Select
from selenium.webdriver.support.wait import WebDriverWait

REMEDY = "install Debian's packages chromium and chromium-driver"
SECONDS = 10
_ARGUMENTS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--lang=en-US",
)
# All elements of a selector: XPath where it begins with `//`, else CSS.
_ALL = """
const all = (selector) => {
  if (!selector.startsWith("//")) return [...document.querySelectorAll(selector)];
  const found = document.evaluate(selector, document, null, XPathResult.ORDERED_NODE_SNAPSHOT_TYPE);
  return Array.from({length: found.snapshotLength}, (_, index) => found.snapshotItem(index));
};
"""
_NOTE_VIOLATIONS = """
window.violations = [];
document.addEventListener("securitypolicyviolation", (event) =>
  window.violations.push(`${event.violatedDirective} ${event.blockedURI}`));
"""


def button(name: str) -> str:
    """The selector of a button by what it says."""
    return f'//button[normalize-space()="{name}"]'


def link(name: str) -> str:
    """The selector of a link by what it says, or says to those who listen."""
    return f'//a[normalize-space()="{name}" or @aria-label="{name}"]'


def field(label: str) -> str:
    """The selector of an input or a choice by its label."""
    return f'//*[@id=//label[normalize-space()="{label}"]/@for]'


def card(heading: str) -> str:
    """The selector of a section by its heading, or by its name where it has none in sight."""
    labelled = f'@aria-labelledby=//h2[normalize-space()="{heading}"]/@id'
    return f'//section[@aria-label="{heading}" or {labelled}]'


def rows(heading: str) -> str:
    """The selector of the rows of the table in a card."""
    return f"{card(heading)}//tbody/tr"


def is_installed() -> bool:
    """Whether there is a browser and its driver."""
    return all(shutil.which(program) for program in ("chromium", "chromedriver"))


@contextmanager
def started(profile: Path) -> Iterator["Browser"]:
    """A browser on a new, empty *profile*."""
    options = ChromeOptions()
    options.binary_location = str(shutil.which("chromium"))
    for argument in (*_ARGUMENTS, f"--user-data-dir={profile}"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = Chrome(options, ChromeService(executable_path=shutil.which("chromedriver")))
    try:
        driver.execute_cdp_cmd(
            "Page.addScriptToEvaluateOnNewDocument", {"source": _NOTE_VIOLATIONS}
        )
        yield Browser(driver)
    finally:
        driver.quit()


class Browser:
    """One tab. What it finds, it waits for."""

    def __init__(self, driver: Chrome) -> None:
        self._driver = driver
        self._wait = WebDriverWait(driver, SECONDS, poll_frequency=0.05)

    def open(self, url: str) -> None:
        """Load *url* as a new visitor would; a mere change of the hash would load nothing."""
        self._driver.get("about:blank")
        self.complaints()
        self.requested()
        self._driver.get(url)

    def go(self, address: str) -> None:
        """Go to another page of the console, as a link does."""
        self.run("document.activeElement.blur(); location.hash = arguments[0]", address)
        self.wait_for_focus("h1")
        self.wait_until_gone(".loading")

    def forget(self) -> None:
        """Clear away what one test leaves in the tab, before the next."""
        if self._driver.current_url.startswith("http"):
            self._driver.execute_script("sessionStorage.clear()")
        self.emulate(1280, 900)

    def emulate(self, width: int, height: int, *, is_dark: bool = False) -> None:
        """A screen of that size, in light or dark; nothing moves by itself."""
        metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        self._driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
        features = [
            {"name": "prefers-color-scheme", "value": "dark" if is_dark else "light"},
            {"name": "prefers-reduced-motion", "value": "reduce"},
        ]
        self._driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})

    def find(self, selector: str) -> WebElement:
        """The first element of a selector that is in sight."""
        said = f"nothing in sight is {selector}"
        return self._wait.until(lambda _: self._in_sight(selector), said)[0]

    def find_hidden(self, selector: str) -> WebElement:
        """The first element of a selector, in sight or not, such as a suggestion."""
        said = f"there is no {selector}"
        return self._wait.until(lambda _: self._all(selector), said)[0]

    def choose(self, label: str, option: str) -> None:
        """Choose *option*, by what it says, where *label* stands."""
        Select(self.find(field(label))).select_by_visible_text(option)

    def choose_in(self, place: str, label: str, option: str) -> None:
        """The same within *place*, where something else may be labelled so as well."""
        self.find(place)
        inside = [each for each in self._in_sight(field(label)) if self._is_in(place, each)]
        Select(inside[0]).select_by_visible_text(option)

    def enter(self, label: str, text: str) -> None:
        """Type *text* where *label* stands, in place of what is there."""
        self.find(field(label)).send_keys(Keys.CONTROL, "a")
        self.find(field(label)).send_keys(text)

    def wait_until_gone(self, selector: str) -> None:
        """Wait until nothing of *selector* is in sight."""
        self._wait.until(lambda _: not self.is_shown(selector), f"{selector} stays in sight")

    def wait_for_focus(self, selector: str) -> None:
        """Wait until *selector* has the focus."""
        self._wait.until(lambda _: self._has_focus(selector), f"{selector} gets no focus")

    def wait_for_text(self, selector: str, text: str) -> None:
        """Wait until *selector* says *text*, among other things."""
        self._wait.until(lambda _: text in self.text(selector), f"{selector} does not say {text!r}")

    def wait_for_count(self, selector: str, number: int) -> None:
        """Wait until there are *number* elements of *selector*."""
        said = f"there are not {number} of {selector}"
        self._wait.until(lambda _: self.count(selector) == number, said)

    def wait_for_script(self, script: str) -> None:
        """Wait until *script* returns something true."""
        self._wait.until(lambda _: self.run(script), f"never true: {script}")

    def text(self, selector: str) -> str:
        """All that *selector* says, in sight or not, on one line; empty where there is none."""
        texts = self.run(f"{_ALL} return all(arguments[0]).map(e => e.textContent)", selector)
        return " ".join(" ".join(texts).split())

    def count(self, selector: str) -> int:
        """How many elements *selector* has, in sight or not."""
        return int(self.run(f"{_ALL} return all(arguments[0]).length", selector))

    def address(self) -> str:
        """The part of the address from the `#` on."""
        return str(self.run("return location.hash"))

    def reload(self) -> None:
        """Load the page again, as F5 does."""
        self._driver.refresh()

    def back(self) -> None:
        """Go back, as the browser's button does."""
        self._driver.back()

    def is_shown(self, selector: str) -> bool:
        """Whether some element of *selector* is in sight now."""
        script = f"{_ALL} return all(arguments[0]).some(e => e.checkVisibility())"
        return bool(self.run(script, selector))

    def run(self, script: str, *arguments: object) -> Any:
        """What a script returns."""
        return self._driver.execute_script(script, *arguments)

    def press(self, *keys: str) -> None:
        """Send keys, one after the other, to whatever has the focus."""
        for key in keys:
            self._driver.switch_to.active_element.send_keys(key)

    def tab_to(self, selector: str) -> None:
        """Press Tab until *selector* has the focus."""
        for _ in range(150):
            if self._has_focus(selector):
                return
            self.press(Keys.TAB)
        raise AssertionError(f"the keyboard does not reach {selector}")

    def complaints(self) -> list[str]:
        """Errors and warnings of the console since last asked, and violated policies."""
        logged = [entry["message"] for entry in self._log("browser") if entry["level"] != "INFO"]
        return logged + (self.run("return window.violations") or [])

    def requested(self) -> list[str]:
        """The address of every request since last asked, including refused ones."""
        events = [json.loads(entry["message"])["message"] for entry in self._log("performance")]
        return [
            event["params"]["request"]["url"]
            for event in events
            if event["method"] == "Network.requestWillBeSent"
        ]

    def save_screenshot(self, file: Path) -> None:
        """A picture of the whole page, beyond what is in sight."""
        height = self.run("return document.documentElement.scrollHeight")
        width = self.run("return window.innerWidth")
        metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        self._driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
        self._driver.save_screenshot(str(file))

    def _in_sight(self, selector: str) -> list[WebElement]:
        try:
            return [element for element in self._all(selector) if element.is_displayed()]
        except StaleElementReferenceException:
            return []  # It was drawn anew meanwhile; whoever waits for it asks again.

    def _all(self, selector: str) -> list[WebElement]:
        kind = By.XPATH if selector.startswith("//") else By.CSS_SELECTOR
        return self._driver.find_elements(kind, selector)

    def _log(self, kind: str) -> list[dict[str, Any]]:
        entries: list[dict[str, Any]] = self._driver.get_log(kind)  # type: ignore[no-untyped-call]
        return entries

    def _is_in(self, place: str, element: WebElement) -> bool:
        return bool(self.run("return arguments[1].closest(arguments[0]) !== null", place, element))

    def _has_focus(self, selector: str) -> bool:
        script = f"{_ALL} return all(arguments[0]).includes(document.activeElement)"
        return bool(self.run(script, selector))
