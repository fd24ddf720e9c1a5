"""Device types on the console: which kinds there are, and what each measures."""

from selenium.webdriver.common.keys import Keys

from tests.console import canned
from tests.console.browser import Browser, button, card, field, link, rows
from tests.console.conftest import Visit
from tests.console.stub import StubApi

ROWS = rows("Device types")
DIALOG = "dialog[open]"


def metric_field(name: str, label: str) -> str:
    """The selector of a field of a metric."""
    box = f'//fieldset[legend[normalize-space()="{name}"]]'
    return f'{box}//*[@id={box}//label[normalize-space()="{label}"]/@for]'


def write(page: Browser, selector: str, text: str) -> None:
    page.find(selector).send_keys(Keys.CONTROL, "a")
    page.find(selector).send_keys(text)


def test_they_are_listed_by_whose_they_are(visit: Visit, api: StubApi) -> None:
    page = visit("#/device_types")
    page.wait_for_count(ROWS, 3)
    assert "every 5 min3" in page.text(f"{ROWS}[2]")
    page.choose("Whose", "shared by the platform")
    page.wait_for_count(ROWS, 1)
    assert "/device-types?isShared=true" in api.asked
    page.find(button("Show all")).click()
    page.find(link("sensor-v2")).click()
    page.wait_for_text("h1", "A device type")
    page.wait_for_text(card("Metrics"), "-40 to 85")
    shown = page.text(card("Metrics"))
    for text in (
        "-40 to 85",
        "reported \u00d7 0.1",
        "computed: temperature - (100 - humidity) / 5",
        "uplink_message.decoded_payload.temperature",
        "usually 18 to 26, \u00b1 0.5 a minute, whatever it was before",
    ):
        assert text in shown
    assert "uplink_message.received_at" in page.text("main .facts")
    assert page.complaints() == []


def test_one_is_added_with_what_it_measures(visit: Visit, api: StubApi) -> None:
    page = visit("#/device_types")
    page.find(link("Add a device type")).click()
    page.choose("Organization", "Acme")
    page.enter("Name", "co2-sensor")
    page.enter("Reports every … seconds", "90")
    page.wait_for_text("main form", "That is every 90 seconds, when all is well.")
    page.find(button("Add a metric")).click()
    page.wait_for_focus(metric_field("Metric 1", "Name"))
    page.press(*"co2")
    write(page, metric_field("co2", "Unit"), "ppm")
    write(page, metric_field("co2", "Least"), "0")
    page.find(button("Add a metric")).click()
    page.wait_for_focus(metric_field("Metric 2", "Name"))
    page.press(*"level")
    page.find(metric_field("level", "Computed from other metrics")).click()
    write(page, metric_field("level", "Expression"), "nowhere / 2")
    page.find(button("Add it")).click()
    page.wait_for_text(".field-problem", "Names what is no metric of this type: nowhere.")
    assert page.text("main form .bad-text") == ""
    page.wait_for_focus(metric_field("level", "Expression"))
    write(page, metric_field("level", "Expression"), "co2 / 2")
    page.find(button("Add it")).click()
    page.wait_for_text("main h2", "co2-sensor")
    [first, second] = api.sent
    assert first.headers["Idempotency-Key"] == second.headers["Idempotency-Key"]
    assert second.given == {"organizationId": "org-acme"}
    co2, level = second.body["metrics"]
    assert (co2["minimum"], co2["maximum"], co2["unit"]) == (0, None, "ppm")
    assert (co2["expression"], level["expression"]) == (None, "co2 / 2")


def test_a_shared_one_is_of_no_organization(visit: Visit, api: StubApi) -> None:
    page = visit("#/device_types/new?organizationId=org-acme")
    page.find(field("Shared: for every organization to use")).click()
    page.enter("Name", "shared-one")
    page.find(button("Add it")).click()
    page.wait_for_text("main h2", "shared-one")
    assert api.sent[0].given == {}
    assert api.sent[0].body["isShared"] is True


def test_a_change_keeps_what_was_not_touched(visit: Visit, api: StubApi) -> None:
    page = visit("#/device_types/type-sensor/change")
    write(page, metric_field("humidity", "Label"), "Relative humidity")
    page.find(f"//fieldset[legend='dew_point']{button('Take it away')}").click()
    page.wait_until_gone("//fieldset[legend='dew_point']")
    page.find(button("Save")).click()
    page.wait_for_text("main .facts", "type-sensor")
    assert "Relative humidity" in page.text(card("Metrics"))
    [sent] = api.sent
    assert sent.headers["If-Match"] == '"1"'
    temperature, humidity = sent.body["metrics"]
    assert humidity["parameterId"] == "type-sensor.humidity"
    assert humidity["conversion"] == {"scale": 0.1, "offset": 0, "fromUnit": None}
    assert (temperature["minimum"], temperature["maximum"]) == (-40, 85)
    assert temperature["path"] == "uplink_message.decoded_payload.temperature"
    assert temperature["usual"] == {
        **{"minimum": 18, "maximum": 26, "changePerMinute": 0.5},
        "deviation": False,
    }
    assert (humidity["path"], humidity["usual"]) == (None, None)
    assert sent.body["timestampPath"] == "uplink_message.received_at"


def test_where_values_stand_and_which_are_usual_is_said(visit: Visit, api: StubApi) -> None:
    page = visit("#/device_types/type-sensor/change")
    page.enter("Time", "Time")
    write(page, metric_field("humidity", "Stands at"), "SHT3X[*]")
    page.find(metric_field("humidity", "Other values than the usual ones are marked")).click()
    write(page, metric_field("humidity", "Usual to"), "70")
    write(page, metric_field("humidity", "Changes in a minute by at most"), "5")
    page.find(button("Save")).click()
    page.wait_for_text(".field-problem", "May find several values, or computes one")
    page.wait_for_focus(metric_field("humidity", "Stands at"))
    write(page, metric_field("humidity", "Stands at"), "SHT3X.Humidity")
    page.find(button("Save")).click()
    page.wait_for_text("main .facts", "Time stands at")
    assert "usually up to 70, \u00b1 5 a minute" in page.text(card("Metrics"))
    sent = api.sent[-1].body
    assert sent["timestampPath"] == "Time"
    assert sent["metrics"][1]["path"] == "SHT3X.Humidity"
    usual = {"minimum": None, "maximum": 70, "changePerMinute": 5, "deviation": True}
    assert sent["metrics"][1]["usual"] == usual


def test_what_no_longer_fits_is_not_sent(visit: Visit, api: StubApi) -> None:
    """What is computed stands nowhere, and true and false are never unusual."""
    page = visit("#/device_types/type-sensor/change")
    write(page, metric_field("humidity", "Stands at"), "RH")
    page.find(metric_field("humidity", "Computed from other metrics")).click()
    write(page, metric_field("humidity", "Expression"), "temperature / 2")
    assert not page.is_shown(metric_field("humidity", "Stands at"))
    page.choose_in("fieldset:first-of-type", "Kind", "boolean")
    for limit in ("Least", "Greatest"):
        write(page, metric_field("temperature", limit), Keys.BACKSPACE)
    assert not page.is_shown(metric_field("temperature", "Usual from"))
    page.find(button("Save")).click()
    page.wait_for_text("main .facts", "type-sensor")
    temperature, humidity, _ = api.sent[-1].body["metrics"]
    assert temperature["usual"] is None
    assert humidity["path"] is None


def test_one_that_devices_are_of_stays(visit: Visit, api: StubApi) -> None:
    page = visit("#/device_types/type-sensor")
    page.find(button("Remove…")).click()
    page.find(f"//dialog{button('Remove it')}").click()
    page.wait_for_text(f"{DIALOG} .bad-text", "Devices are of this type: give them another one")
    page = visit("#/device_types/type-spare")
    assert canned.HOSTILE_IMAGE in page.text("main .facts")
    page.find(button("Remove…")).click()
    page.find(f"//dialog{button('Remove it')}").click()
    page.wait_for_text("h1", "Device types")
    page.wait_for_count(ROWS, 2)


def test_what_is_shared_is_the_platforms_to_change(visit: Visit, api: StubApi) -> None:
    api.organization = "org-acme"
    page = visit("#/device_types/type-meter")
    assert not page.is_shown("main button")
    page.go("#/device_types/type-sensor")
    assert page.is_shown(link("Change"))
    assert not page.is_shown(field("Organization"))
