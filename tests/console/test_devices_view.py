"""Devices on the console: found, registered, looked at, changed, and given certificates."""

from urllib.parse import quote

import pytest
from selenium.webdriver.common.keys import Keys

from tests.console import canned
from tests.console.browser import Browser, button, card, field, link, rows
from tests.console.canned_devices import CSR, ODD_ID, PRIVATE_KEY
from tests.console.conftest import Visit
from tests.console.stub import StubApi

DEVICES = card("Devices")
ROWS = rows("Devices")
DIALOG = "dialog[open]"
DOWNLOAD_KEY = "//button[@aria-label='Download the private key']"
MAKE_A_KEY = "//label[starts-with(normalize-space(), 'Make a key')]"


def fill_in_device(page: Browser, number: str) -> None:
    page.choose("Organization", "Acme")
    page.enter("Name", "Newcomer")
    page.enter("Type", "sensor-v2")
    page.enter("Serial number", number)
    page.enter("Latitude", "52.5")
    page.enter("Longitude", "-13.4")
    page.find(field("Tags")).send_keys("office", Keys.ENTER, "roof, hall")


def test_every_filter_stays_in_the_address(visit: Visit, api: StubApi) -> None:
    page = visit("#/devices")
    page.wait_for_count(ROWS, 25)
    assert "1 to 25 of 30 devices." in page.text(DEVICES)
    page.choose("Status", "offline")
    page.choose("Type", "sensor-v2")
    page.find("summary").click()
    page.enter("Any tag", "office,roof")
    page.enter("All tags", "building-a")
    page.enter("Near", "52.5,13.4,5")
    page.find(field("Near")).send_keys(Keys.ENTER)
    page.wait_for_text(DEVICES, "No device is like that.")
    page.reload()
    page.wait_for_text(DEVICES, "No device is like that.")
    assert page.find(field("Near")).get_attribute("value") == "52.5,13.4,5"
    asked = "status=offline&deviceType=sensor-v2&tags=office%2Croof&tagsAll=building-a"
    assert f"/devices?{asked}&near=52.5%2C13.4%2C5" in api.asked
    page.find(button("Show all")).click()
    page.wait_for_count(ROWS, 25)
    page.find(f"{DEVICES}//thead{button('Last seen')}").click()
    page.wait_for_script("return location.hash.includes('sortBy=lastSeen')")
    assert page.complaints() == []


def test_the_overview_says_how_many_are_how(visit: Visit) -> None:
    page = visit("#/")
    assert page.text(f"{DEVICES}//dl") == "online19offline5maintenance1registered5"


def test_a_device_with_a_key_of_its_own_is_registered(visit: Visit, api: StubApi) -> None:
    page = visit("#/devices/new")
    fill_in_device(page, "SN-1")
    page.enter("Certificate signing request", CSR)
    page.find(button("Register it")).click()
    page.wait_for_text(".field-problem", "There is a device with the serial number 'SN-1' already.")
    page.wait_for_focus(field("Serial number"))
    page.enter("Serial number", "SN-2")
    page.find(button("Register it")).click()
    page.wait_for_text("main h2", "Newcomer is registered")
    assert not page.is_shown("//h3[normalize-space()='Private key']")
    assert page.is_shown("//button[@aria-label='Download the certificate']")
    [first, second] = api.sent
    assert first.headers["Idempotency-Key"] == second.headers["Idempotency-Key"]
    assert second.given == {"organizationId": "org-acme"}
    assert second.body == {
        "name": "Newcomer",
        "deviceType": "sensor-v2",
        "location": {"lat": 52.5, "lon": -13.4},
        "connectivity": None,
        "metadata": {"serialNumber": "SN-2"},
        "tags": ["office", "roof", "hall"],
        "csr": f"{CSR}\n",
    }
    page.find(link("Go to the device")).click()
    page.wait_for_text("main h2", "Newcomer")


def test_a_key_that_is_made_here_is_shown_once_with_a_warning(visit: Visit, api: StubApi) -> None:
    page = visit("#/devices/new")
    fill_in_device(page, "SN-2")
    page.find(MAKE_A_KEY).click()
    page.find(button("Register it")).click()
    page.wait_for_text("main [role=alert]", "nobody can show it again")
    assert PRIVATE_KEY.splitlines()[1] in page.text("pre")
    page.run("HTMLAnchorElement.prototype.click = function () { window.kept = this.download; }")
    page.find(DOWNLOAD_KEY).click()
    assert page.run("return window.kept") == "dev-new1.private.key"
    assert "csr" not in api.sent[0].body


def test_a_key_whose_answer_got_lost_is_said_to_be_gone(visit: Visit, api: StubApi) -> None:
    api.registry.is_key_lost = True
    page = visit("#/devices/new")
    fill_in_device(page, "SN-2")
    page.find(MAKE_A_KEY).click()
    page.find(button("Register it")).click()
    page.wait_for_text("main [role=alert]", "The private key was in an answer that got lost")


@pytest.mark.parametrize(
    ("is_key_made", "sentence"),
    [
        (True, "undone AWS IoT did not answer in time"),
        (False, "pending AWS IoT has still to be told"),
    ],
)
def test_a_certificate_that_takes_its_time_is_said(
    visit: Visit, api: StubApi, is_key_made: bool, sentence: str
) -> None:
    api.registry.is_aws_slow = True
    page = visit("#/devices/new")
    fill_in_device(page, "SN-2")
    if is_key_made:
        page.find(MAKE_A_KEY).click()
    else:
        page.enter("Certificate signing request", CSR)
    page.find(button("Register it")).click()
    page.wait_for_text(card("Newcomer is registered"), sentence)
    assert "GET" not in page.text("main")


def test_a_device_is_shown_as_it_is(visit: Visit) -> None:
    page = visit("#/devices?q=Sensor+01")
    page.find(link("Sensor 01 dev-01")).click()
    page.wait_for_text("main .facts", "Hall 3, north")
    facts = page.text("main .facts")
    for text in ("99.8 %, over 30 days", "52.52° N, 13.405° W", "-71 dBm", "shelfB 4", "v2.1.0"):
        assert text in facts
    assert "Data quality" not in facts
    assert "temperature23.5 °Chumidity45" in page.text(card("Last readings"))
    assert canned.HOSTILE_NAME in page.text(card("What it reports"))
    assert page.count(rows("Online and offline")) == 2
    changes = page.text(rows("What was done to it"))
    assert f"Sensor 1 → {canned.HOSTILE_NAME}" in changes
    assert "tags \u2013 → office" in changes
    assert page.run("return document.querySelectorAll('main script, main img').length") == 0
    assert page.complaints() == []


def test_an_id_of_any_letters_has_an_address(visit: Visit, api: StubApi) -> None:
    page = visit(f"#/devices/of/{quote(ODD_ID, safe='')}")
    assert ODD_ID in page.text("main .facts")
    assert f"/devices/{quote(ODD_ID, safe='')}/certificates" in api.asked


def test_a_change_clears_what_was_emptied(visit: Visit, api: StubApi) -> None:
    page = visit("#/devices/of/dev-01")
    page.find(button("Change…")).click()
    page.wait_for_focus(f"{DIALOG} input")
    page.enter("Name", "Renamed")
    page.enter("Latitude", Keys.BACKSPACE)
    page.enter("Longitude", Keys.BACKSPACE)
    page.find("//dialog//button[@aria-label='Take away shelf']").click()
    page.find("//dialog//button[@aria-label='Remove office']").click()
    page.find(f"//dialog{button('Save')}").click()
    page.wait_until_gone(DIALOG)
    page.wait_for_text("main h2", "Renamed")
    [sent] = api.sent
    assert sent.headers["If-Match"] == '"1"'
    assert sent.body["location"] == {"lat": None, "lon": None, "address": "Hall 3, north"}
    assert sent.body["metadata"] == {
        "serialNumber": "SN-1",
        "manufacturer": "SensorCorp",
        "model": None,
        "shelf": None,
    }
    assert sent.body["tags"] == ["building-a"]
    assert sent.body["connectivity"]["signalStrength"] == -71


def test_maintenance_begins_and_ends(visit: Visit, api: StubApi) -> None:
    page = visit("#/devices/of/dev-02")
    page.find(button("Maintenance…")).click()
    page.run(
        "const input = document.querySelector('dialog input');"
        "input.value = '2031-05-01T12:00';"
        "input.dispatchEvent(new Event('input', {bubbles: true}))"
    )
    page.find(f"//dialog{button('Say so')}").click()
    page.find(button("End the maintenance…")).click()
    page.find(f"//dialog{button('End it')}").click()
    page.find(button("Maintenance…"))
    assert api.sent[0].body["maintenanceUntil"].startswith("2031-05-01T")
    assert api.sent[1].body == {"status": "active"}
    assert [sent.headers["If-Match"] for sent in api.sent] == ['"1"', '"2"']


def test_a_device_is_deleted_after_a_question(visit: Visit, api: StubApi) -> None:
    page = visit("#/devices/of/dev-02")
    page.find(button("Delete…")).click()
    page.wait_for_focus(button("Keep it"))
    page.find(f"//dialog{button('Delete it')}").click()
    page.wait_for_text("h1", "Devices")
    assert api.registry.devices.find("dev-02") is None


def test_another_certificate_and_the_end_of_one(visit: Visit, api: StubApi) -> None:
    page = visit("#/devices/of/dev-01")
    page.find(button("Another certificate…")).click()
    page.find(f"//dialog{MAKE_A_KEY}").click()
    page.find(field("Revoke the others as soon as the new one is in use")).click()
    page.find(f"//dialog{button('Ask for it')}").click()
    page.wait_for_text(DIALOG, "nobody can show it again")
    assert api.sent[0].body == {"revokeOthers": True}
    page.find(f"//dialog{button('Close')}").click()
    page.wait_for_count(f"{card('Certificates')}//li", 2)
    page.find("//button[@aria-label='Revoke cert-1']").click()
    page.wait_for_focus(button("Leave it"))
    page.find(f"//dialog{button('Revoke it')}").click()
    page.wait_for_text(f"{card('Certificates')}//li[2]", "revoking")


@pytest.mark.parametrize("role", ["viewer", "operator"])
def test_what_is_offered_is_what_the_role_may(visit: Visit, api: StubApi, role: str) -> None:
    api.role = role
    page = visit("#/devices/of/dev-01")
    assert page.is_shown(button("Change…")) is (role == "operator")
    assert page.is_shown(button("Another certificate…")) is (role == "operator")
    assert not page.is_shown(button("Delete…"))
    page.go("#/devices/new")
    assert page.is_shown(button("Register it")) is (role == "operator")
