"""The views of the registry on the application: they send what it takes, and show what it says.

The stub of the other tests reads what is sent as the application does. What is answered, only the
application knows.
"""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from selenium.webdriver.common.keys import Keys

from devdb.local_server import LocalServer
from tests.aws import moto_server
from tests.console.browser import Browser, button, card, field, link, rows
from tests.ports import free_port
from tests.sandbox import PROJECT, Sandbox

DIALOG = "dialog[open]"
MAKE_A_KEY = "//label[starts-with(normalize-space(), 'Make a key')]"
CERTIFICATES = f"{card('Certificates')}//li"
TYPE = {"name": "sensor", "reportingIntervalSeconds": 60, "isShared": True}


@pytest.fixture(scope="module")
def server(timescale: Sandbox) -> Iterator[LocalServer]:
    """`chalice local` with two organizations and a type of devices, and moto's server for AWS."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in timescale.environment.items():
            patch.setenv(name, value)
        timescale.migrate()
    with moto_server() as aws:
        identities = {"DEVICE_IDENTITIES": "iot", "IOT_POLICY_NAME": aws.make_device_policy()}
        environment = {**os.environ, **timescale.environment, **aws.environment, **identities}
        with LocalServer(PROJECT, environment, free_port()) as local:
            for name in ("acme", "zeta"):
                local.post_json("/organizations", {"organizationId": name, "name": name.title()})
            local.post_json("/device-types", TYPE)
            yield local


@pytest.fixture
def page(browser: Browser, server: LocalServer) -> Browser:
    """The console of the application."""
    browser.open(f"{server.url}/#/organizations")
    browser.wait_for_count(rows("Organizations"), 2)
    return browser


def send(page: Browser, name: str) -> None:
    """Press the button of the dialog that is open, which is then done."""
    page.find(f"//dialog[@open]{button(name)}").click()
    page.wait_until_gone(DIALOG)


def signing_request() -> str:
    key = ec.generate_private_key(ec.SECP256R1())
    builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([]))
    signed = builder.sign(key, hashes.SHA256())
    return signed.public_bytes(serialization.Encoding.PEM).decode()


def test_organizations_and_their_users(page: Browser) -> None:
    page.go("#/organizations/zeta")
    page.find(button("Rename…")).click()
    page.enter("Name", "Zeta Ltd")
    send(page, "Rename")
    page.wait_for_text("main h2", "Zeta Ltd")
    page.find(link("Show its users")).click()
    page.find(button("Add a user…")).click()
    page.enter("E-mail", "ada@zeta.example")
    page.enter("Name", "Ada")
    page.choose_in(DIALOG, "Role", "admin")
    send(page, "Add")
    page.find(link("Ada")).click()
    page.find(button("Change the role…")).click()
    page.choose_in(DIALOG, "Role", "viewer")
    page.find(f"//dialog[@open]{button('Change')}").click()
    page.wait_for_text(f"{DIALOG} .bad-text", "make somebody else an admin first")


def test_a_device_type_and_its_metrics(page: Browser) -> None:
    page.go("#/device_types/new?organizationId=acme")
    page.enter("Name", "co2-sensor")
    page.find(button("Add a metric")).click()
    page.wait_for_focus("//fieldset//input")
    page.press(*"co2")
    page.enter("Least", "9")
    page.enter("Greatest", "1")
    page.find(button("Add it")).click()
    page.wait_for_text(".field-problem", "Must not be above the maximum.")
    page.enter("Greatest", "5000")
    page.find(button("Add it")).click()
    page.wait_for_text(card("Metrics"), "9 to 5000")
    page.find(link("Change")).click()
    page.enter("Label", "Carbon dioxide")
    page.find(button("Save")).click()
    page.wait_for_text("h1", "A device type")
    page.wait_for_text(card("Metrics"), "Carbon dioxide")


def test_a_device_from_its_registration_to_its_deletion(page: Browser) -> None:
    page.go("#/devices/new?organizationId=acme")
    page.enter("Name", "Roof")
    page.enter("Type", "sensor")
    page.enter("Latitude", "52")
    page.find(MAKE_A_KEY).click()
    page.find(button("Register it")).click()
    page.wait_for_text(".field-problem", "missing: lat says nothing without it")
    page.enter("Longitude", "13")
    page.find(field("Tags")).send_keys("roof, hall", Keys.ENTER)
    page.find(button("Register it")).click()
    page.wait_for_text("pre", "PRIVATE KEY")
    page.find(link("Go to the device")).click()
    page.wait_for_text(CERTIFICATES, "active")
    page.wait_for_text(card("Online and offline"), "It has never been heard of.")
    page.find(button("Change…")).click()
    page.enter("Name", "Roof 2")
    send(page, "Save")
    page.wait_for_text("main h2", "Roof 2")
    page.wait_for_text(card("What was done to it"), "Roof → Roof 2")
    page.find(button("Maintenance…")).click()
    send(page, "Say so")
    page.find(button("End the maintenance…"))
    page.find(button("Delete…")).click()
    send(page, "Delete it")
    page.wait_for_text("h1", "Devices")
    page.wait_for_text("main", "No device is like that.")


def test_certificates_come_and_go(page: Browser, server: LocalServer) -> None:
    device = {"deviceType": "sensor", "name": "Cellar"}
    made = server.post_json("/devices?organizationId=acme", device)
    page.go(f"#/devices/of/{made['deviceId']}")
    page.find(button("Another certificate…")).click()
    asking = field("Certificate signing request")
    page.find(asking).send_keys("nonsense")
    page.find(f"//dialog[@open]{button('Ask for it')}").click()
    page.wait_for_text(".field-problem", "Must be a certificate signing request in PEM.")
    page.enter("Certificate signing request", signing_request())
    page.find(f"//dialog[@open]{button('Ask for it')}").click()
    page.wait_for_text(DIALOG, "ready The device can connect with it.")
    send(page, "Close")
    page.wait_for_count(CERTIFICATES, 2)
    page.find(f"{CERTIFICATES}[2]//button[starts-with(@aria-label, 'Revoke')]").click()
    send(page, "Revoke it")
    page.wait_for_text(f"{CERTIFICATES}[2]", "revoked")


def test_a_file_of_devices(page: Browser, tmp_path: Path) -> None:
    file = tmp_path / "hall.csv"
    file.write_text("name,deviceType\nSensor 1,sensor\n", encoding="utf-8")
    page.go("#/devices/imports?organizationId=acme")
    page.find(button("Import a file…")).click()
    page.find(field("File")).send_keys(str(file))
    send(page, "Import it")
    page.wait_for_text("main .facts", "waiting")
    page.find(button("Cancel the import…")).click()
    send(page, "Cancel the import")
    page.wait_for_text("main .facts", "cancelled")
    page.go("#/devices/holds")
    page.wait_for_text(card("Held silence"), "Nothing is held")
    page.go("#/service?organizationId=acme")
    page.wait_for_text(rows("Audit"), "device")
