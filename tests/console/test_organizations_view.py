"""Organizations on the console: for the platform's own people."""

from tests.console.browser import button, card, link, rows
from tests.console.conftest import Visit
from tests.console.stub import StubApi

ROWS = rows("Organizations")
DIALOG = "dialog[open]"


def test_they_are_listed_filtered_and_shown(visit: Visit, api: StubApi) -> None:
    page = visit("#/organizations")
    page.wait_for_count(ROWS, 2)
    page.choose("Status", "suspended")
    page.wait_for_text(card("Organizations"), "No organization is like that.")
    assert "/organizations?status=suspended" in api.asked
    page.find(button("Show all")).click()
    page.find(link("Acme org-acme")).click()
    page.wait_for_text("main .facts", "org-acme")
    page.find(link("Show its users")).click()
    page.wait_for_text("h1", "Users")
    assert page.address() == "#/users?organizationId=org-acme"


def test_one_is_added(visit: Visit, api: StubApi) -> None:
    page = visit("#/organizations")
    page.find(button("Add an organization…")).click()
    page.enter("Name", "Newcomer")
    page.enter("Id", "org-acme")
    page.find(f"//dialog{button('Add')}").click()
    page.wait_for_text(f"{DIALOG} .field-problem", "There is an organization 'org-acme' already.")
    page.enter("Id", "org-new")
    page.find(f"//dialog{button('Add')}").click()
    page.wait_for_count(ROWS, 3)
    assert api.sent[-1].body == {"name": "Newcomer", "organizationId": "org-new"}


def test_one_is_renamed_and_suspended_and_let_in_again(visit: Visit, api: StubApi) -> None:
    page = visit("#/organizations/org-acme")
    page.find(button("Rename…")).click()
    page.enter("Name", "Acme Ltd")
    page.find(f"//dialog{button('Rename')}").click()
    page.wait_for_text("main h2", "Acme Ltd")
    page.find(button("Suspend…")).click()
    page.wait_for_focus(button("Leave it active"))
    page.find(f"//dialog{button('Suspend it')}").click()
    page.wait_for_text("main .facts", "None of its people is let in.")
    page.find(button("Let them in again…")).click()
    page.find(f"//dialog{button('Let them in')}").click()
    page.find(button("Suspend…"))
    assert [sent.headers["If-Match"] for sent in api.sent] == ['"1"', '"2"', '"3"']


def test_who_is_no_admin_looks_only(visit: Visit, api: StubApi) -> None:
    api.role = "operator"
    page = visit("#/organizations/org-acme")
    assert not page.is_shown("main button")


def test_people_of_an_organization_see_what_is_for_them(visit: Visit, api: StubApi) -> None:
    api.organization = "org-acme"
    page = visit("#/organizations")
    assert page.text("main [role=alert]") == "This page is for the platform's own people."
    for title in ("Organizations", "Sync", "Silent devices"):
        assert not page.is_shown(f"//nav{link(title)}")
    page.find(f"//nav{link('Users')}")
    page.find(f"//nav{link('Overview')}").click()
    page.wait_for_text("h1", "Overview")
    assert not page.is_shown(card("Sync"))
    assert not [path for path in api.asked if path.startswith(("/status", "/organizations"))]
