"""Many devices at once on the console: files of them, and silence that is held."""

from pathlib import Path

import pytest

from tests.console.browser import button, card, field, link, rows
from tests.console.conftest import Visit
from tests.console.stub import StubApi

IMPORTS = rows("Imports")
DIALOG = "dialog[open]"
HOLDS = rows("Held silence")


def test_a_file_is_imported_and_its_rows_are_answered_for(
    visit: Visit, api: StubApi, tmp_path: Path
) -> None:
    file = tmp_path / "hall.csv"
    file.write_text("name,deviceType\nGrüße,sensor-v2\n", encoding="utf-8")
    page = visit("#/devices/imports?organizationId=org-acme")
    page.wait_for_count(IMPORTS, 1)
    page.find(button("Import a file…")).click()
    page.find(field("File")).send_keys(str(file))
    assert page.find(field("Name")).get_attribute("value") == "hall.csv"
    page.find(f"//dialog{button('Import it')}").click()
    page.wait_for_text("main h2", "hall.csv")
    [sent] = api.sent
    assert sent.given == {"organizationId": "org-acme"}
    data = "name,deviceType\nGrüße,sensor-v2\n"
    assert sent.body == {"format": "csv", "data": data, "name": "hall.csv"}
    page.choose("Show", "refused")
    page.wait_for_text(rows("Rows"), "name is missing")
    page.wait_for_count(rows("Rows"), 1)
    page.find(button("Cancel the import…")).click()
    page.wait_for_focus(button("Let it go on"))
    page.find(f"//dialog{button('Cancel the import')}").click()
    page.wait_for_text("main .facts", "cancelled")


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"x" * (2**20 + 1), "This file has 1,048,577 bytes; here it may have 1,048,576."),
        ("name\nGrüße\n".encode("latin-1"), "The file is not in UTF-8."),
    ],
)
def test_a_file_that_cannot_be_sent_is_said(
    visit: Visit, api: StubApi, tmp_path: Path, content: bytes, sentence: str
) -> None:
    file = tmp_path / "hall.csv"
    file.write_bytes(content)
    page = visit("#/devices/imports?organizationId=org-acme")
    page.find(button("Import a file…")).click()
    page.find(field("File")).send_keys(str(file))
    page.find(f"//dialog{button('Import it')}").click()
    page.wait_for_text(f"{DIALOG} .field-problem", sentence)
    assert api.sent == []


def test_silence_that_is_real_is_let_go(visit: Visit, api: StubApi) -> None:
    page = visit("#/devices/holds")
    assert "1,900 of 2,000" in page.text(HOLDS)
    page.find(f"{HOLDS}//button").click()
    page.wait_for_focus(button("Hold it"))
    page.enter("Comment", "Power cut.")
    page.find(f"//dialog{button('Let it go')}").click()
    page.wait_until_gone(DIALOG)
    page.wait_for_text(HOLDS, "by subject-of-the-token: Power cut.")
    assert not page.is_shown(f"{HOLDS}//button")
    assert api.sent[0].body == {"comment": "Power cut."}


def test_what_is_held_is_for_the_platforms_people(visit: Visit, api: StubApi) -> None:
    api.organization = "org-acme"
    page = visit("#/devices")
    assert page.is_shown(f"//nav{link('Imports')}")
    assert not page.is_shown(f"//nav{link('Held silence')}")
    page.go("#/devices/holds")
    assert page.text("main [role=alert]") == "This page is for the platform's own people."
    assert not page.is_shown(card("Held silence"))
