"""Who did what, on the console."""

import pytest

from tests.console import canned
from tests.console.browser import button, card, field, link, rows
from tests.console.conftest import Visit
from tests.console.stub import StubApi

AUDIT = "#/service"


def test_entries_come_newest_first_with_what_was_before_and_after(visit: Visit) -> None:
    page = visit("")
    page.find(f"//nav{link('Audit')}").click()
    page.wait_for_text("h1", "Audit")
    page.wait_for_count(rows("Audit"), 25)
    newest = page.text(f"{rows('Audit')}[1]")
    assert "removals.released" in newest
    assert canned.HOSTILE_IMAGE in newest
    assert 'after{"released":60,"reviewed":60,' in newest
    assert not page.is_shown(f"{rows('Audit')}[1]//bdi[@class='whole']")
    page.find(f"{rows('Audit')}[1]//summary").click()
    page.find(f"{rows('Audit')}[1]//bdi[@class='whole']")
    assert "before" not in newest
    page.find(button("More of them")).click()
    page.wait_for_count(rows("Audit"), 31)
    assert page.run("return document.querySelectorAll('main script, main img').length") == 0
    assert page.complaints() == []


@pytest.mark.parametrize(
    ("label", "name", "value", "number"),
    [
        ("Who", "actor", "token:oncall", 25),
        ("What", "action", "removals.released", 1),
        ("To what", "subject", "run 7", 1),
    ],
)
def test_entries_are_filtered(
    visit: Visit, api: StubApi, label: str, name: str, value: str, number: int
) -> None:
    page = visit(AUDIT)
    page.enter(label, value)
    page.wait_for_script(f"return location.hash.includes('{name}=')")
    page.wait_for_count(rows("Audit"), number)
    assert [path for path in api.asked if path.startswith(f"/audit?{name}=")]
    page.enter(label, "nothing like it")
    page.wait_for_text(card("Audit"), "No entry is like that.")


def test_the_platforms_people_choose_whose_entries_they_see(visit: Visit, api: StubApi) -> None:
    page = visit(AUDIT)
    page.choose("Organization", "Zeta")
    page.wait_until_gone(".loading")
    assert "/audit?organization_id=org-zeta&limit=25" in api.asked
    api.organization = "org-acme"
    page = visit(AUDIT)
    page.wait_for_count(rows("Audit"), 25)
    assert not page.is_shown(field("Organization"))


@pytest.mark.parametrize("role", ["viewer", "operator"])
def test_it_is_for_admins(visit: Visit, api: StubApi, role: str) -> None:
    api.role = role
    page = visit(AUDIT)
    assert page.text("main [role=alert]") == "This page takes the role admin."
    assert not page.is_shown(f"//nav{link('Audit')}")
    assert not [path for path in api.asked if path.startswith("/audit")]
