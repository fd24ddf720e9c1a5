"""Telemetry on the console: what devices measured last, what was rejected, and trying it again."""

import pytest

from tests.console import canned
from tests.console.browser import button, card, field, link, rows
from tests.console.canned_telemetry import HOSTILE_PAYLOAD, reading
from tests.console.conftest import Visit
from tests.console.replies import failure
from tests.console.stub import StubApi

LATEST = rows("Last readings")
REJECTED = rows("What was rejected")
REASONS = card("By reason")
MARKS = {
    "limits": "out of its usual limits",
    "change": "changes fast",
    "deviation": "unlike its usual values",
    "stuck": "stuck",
}


def sent_again(api: StubApi) -> list[object]:
    return [each.body for each in api.sent if each.parts[-1] == "replay"]


def test_each_device_is_shown_with_what_it_measured_last(visit: Visit) -> None:
    page = visit("#/telemetry")
    page.wait_for_count(LATEST, 25)
    first = page.text(f"{LATEST}[1]")
    for text in ("Office 1", "temperature 21.8 °C", "humidity 45.2 %", "door true"):
        assert text in first
    assert "co2 450 3h ago" in first
    assert page.count(f"{LATEST}[1]/th//time") == 1
    assert "2 more" in first
    assert "org-acme" in first
    page.find(button("More of them")).click()
    page.wait_for_count(LATEST, 30)


def test_what_is_unusual_comes_first_and_says_what_it_is(visit: Visit, api: StubApi) -> None:
    device = api.telemetry.devices[0]
    device["readings"][-1]["marks"] = list(MARKS)
    page = visit("#/telemetry")
    first = page.text(f"{LATEST}[1]//td[1]")
    assert first.startswith("extra-3")
    for words in MARKS.values():
        assert words in first


def test_it_looks_again_by_itself(visit: Visit, api: StubApi) -> None:
    page = visit("#/telemetry")
    page.wait_for_text(f"{LATEST}[1]", "21.8")
    api.telemetry.devices[0]["readings"][0]["value"] = 23.9
    page.wait_for_text(f"{LATEST}[1]", "23.9")


def test_a_device_is_chosen_and_stays_in_the_address(visit: Visit, api: StubApi) -> None:
    page = visit("#/telemetry")
    page.enter("Device id", "dev-07")
    page.wait_for_count(LATEST, 1)
    assert page.address() == "#/telemetry?deviceId=dev-07"
    page.reload()
    page.wait_for_count(LATEST, 1)
    assert page.find(field("Device id")).get_attribute("value") == "dev-07"
    page.enter("Device id", "dev-nowhere")
    page.wait_for_text(card("Last readings"), "No device is like that")


def test_a_device_has_a_page_of_its_own(visit: Visit, api: StubApi) -> None:
    page = visit("#/telemetry")
    page.find(f"{LATEST}[2]//a").click()
    page.wait_for_text("main h2", "Office 2")
    shown = page.text(card("Office 2"))
    assert "extra-3" in shown
    assert "Readings stored2,000" in shown
    assert "Corrected1" in shown
    page.wait_for_count(rows("Rejected"), 1)
    assert "wrong type" in page.text(rows("Rejected"))
    api.telemetry.devices[1]["readings"][0]["value"] = 30.5
    page.wait_for_text(card("Office 2"), "30.5")
    page.find(link("All that is known of it")).click()
    page.wait_for_text("h1", "A device")
    page.find(link("What it measures now, and what was rejected")).click()
    page.wait_for_text("main h2", "Office 2")


def test_a_device_that_has_sent_nothing_is_said(visit: Visit, api: StubApi) -> None:
    page = visit("#/telemetry/of/dev-77")
    page.wait_for_text(card("dev-77"), "Nothing that it has sent is stored.")
    page.wait_for_text(card("Rejected"), "Nothing that it has sent was rejected.")
    api.telemetry.devices = []
    page = visit("#/telemetry")
    page.wait_for_text(card("Last readings"), "No device has sent anything yet.")


def test_rejects_are_counted_by_reason_and_a_reason_filters(visit: Visit, api: StubApi) -> None:
    page = visit("#/telemetry/rejects")
    page.wait_for_count(REJECTED, 3)
    page.find(f"{REASONS}{button('unknown device')}").click()
    page.wait_for_count(REJECTED, 1)
    assert page.address() == "#/telemetry/rejects?reason=unknown_device"
    shown = page.text(REJECTED)
    assert "null" not in shown
    for text in ("unknown device", "no device is registered by this id", "dev-99", "by kinesis"):
        assert text in shown
    page.enter("Device id", "dev-02")
    page.wait_for_text(card("What was rejected"), "No reject is like that.")
    page.find(button("Show all")).click()
    page.wait_for_count(REJECTED, 3)


def test_what_was_sent_is_shown_as_text_on_demand(visit: Visit) -> None:
    page = visit("#/telemetry/rejects?deviceId=dev-02")
    page.wait_for_count(REJECTED, 1)
    assert not page.is_shown(f"{REJECTED}//code")
    page.find(f"{REJECTED}//summary").click()
    page.find(f"{REJECTED}//code")
    assert HOSTILE_PAYLOAD in page.text(f"{REJECTED}//code")
    assert canned.HOSTILE_NAME in page.text(REJECTED)
    assert page.run("return document.querySelectorAll('main script, main img').length") == 0
    assert page.complaints() == []


def test_what_was_cut_says_so_and_cannot_be_tried_again(visit: Visit) -> None:
    page = visit("#/telemetry/rejects?reason=not_readable")
    page.wait_for_count(REJECTED, 1)
    assert "There was more of it" in page.text(REJECTED)
    assert page.count(f"{REJECTED}//button") == 0


def test_one_reject_is_tried_again(visit: Visit, api: StubApi) -> None:
    page = visit("#/telemetry/rejects")
    page.find(f"{REJECTED}[1]//button").click()
    page.wait_for_count(REJECTED, 2)
    assert sent_again(api) == [{"rejectIds": ["rej-1"]}]
    page.wait_for_text(".toasts", "1 reject tried again. 1 reject cleared, 4 new readings.")


def test_all_that_is_filtered_is_tried_again(visit: Visit, api: StubApi) -> None:
    page = visit("#/telemetry/rejects?reason=wrong_type&organizationId=org-acme")
    page.find(button("Try these again")).click()
    page.wait_for_text(".toasts", "1 reject tried again. 1 reject still wrong.")
    [sent] = api.sent
    assert (sent.body, sent.given) == ({"reason": "wrong_type"}, {"organizationId": "org-acme"})
    page.find(button("Show all")).click()
    page.find(button("Try all again")).click()
    page.wait_for_text(".toasts", "2 rejects tried again. 1 reject cleared")
    assert sent_again(api)[1] == {}


def test_trying_again_takes_the_keyboard_only(visit: Visit, api: StubApi) -> None:
    page = visit("#/telemetry/rejects")
    page.wait_for_count(REJECTED, 3)
    page.tab_to(f"{REJECTED}[1]//summary")
    page.press(" ")
    page.find(f"{REJECTED}[1]//code")
    page.tab_to(f"{REJECTED}[1]//button")
    page.press(" ")
    page.wait_for_count(REJECTED, 2)


def test_what_cannot_be_tried_again_is_said(visit: Visit, api: StubApi) -> None:
    page = visit("#/telemetry/rejects")
    api.answers["/telemetry/rejects/replay"] = failure(503, "DATABASE_BUSY", "try again later")
    page.find(button("Try all again")).click()
    page.wait_for_text(".toasts", "Try again later.")
    page.wait_for_count(REJECTED, 3)


def test_a_viewer_sees_rejects_and_no_button(visit: Visit, api: StubApi) -> None:
    api.role = "viewer"
    page = visit("#/telemetry/rejects")
    page.wait_for_count(REJECTED, 3)
    assert page.count(f"{card('What was rejected')}//button[contains(., 'again')]") == 0
    page.go("#/telemetry/of/dev-02")
    page.wait_for_count(rows("Rejected"), 1)
    assert page.count(f"{rows('Rejected')}//button") == 0


def test_nothing_rejected_is_said(visit: Visit, api: StubApi) -> None:
    api.telemetry.rejects = []
    page = visit("#/telemetry/rejects")
    page.wait_for_text(REASONS, "Nothing is rejected.")
    page.wait_for_text(card("What was rejected"), "All that devices have sent is stored.")
    assert not page.is_shown(button("Try all again"))


@pytest.mark.parametrize("width", [390, 1280])
def test_nothing_is_wider_than_the_screen(visit: Visit, api: StubApi, width: int) -> None:
    for device in api.telemetry.devices:
        at = device["lastReadingAt"]
        device["readings"] += [reading(f"metric_{n}" * 4, at, 10.0**n) for n in range(40)]
    page = visit("#/nowhere")
    page.emulate(width, 740)
    for address in ("#/telemetry", "#/telemetry/rejects", "#/telemetry/of/dev-02"):
        page.go(address)
        page.run("for (const each of document.querySelectorAll('details')) each.open = true")
        assert page.run("return document.documentElement.scrollWidth <= innerWidth"), address
