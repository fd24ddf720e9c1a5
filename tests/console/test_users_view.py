"""Users on the console: who is there, who may do what, and one's own profile."""

import pytest
from selenium.webdriver.common.keys import Keys

from tests.console import canned
from tests.console.browser import Browser, button, card, field, link, rows
from tests.console.conftest import Visit
from tests.console.replies import failure
from tests.console.stub import StubApi

USERS = card("Users")
ROWS = rows("Users")
DIALOG = "dialog[open]"
PROBLEM = f"{DIALOG} .field-problem"


def fill_in_new_user(page: Browser, email: str) -> None:
    page.find(button("Add a user…")).click()
    page.find(DIALOG)
    page.choose_in(DIALOG, "Organization", "Zeta")
    page.enter("E-mail", email)
    page.enter("Name", "New One")
    page.choose_in(DIALOG, "Role", "operator")


def test_users_are_listed_by_pages(visit: Visit, api: StubApi) -> None:
    page = visit("#/users")
    page.wait_for_count(ROWS, 25)
    assert "1 to 25 of 31 users." in page.text(USERS)
    page.tab_to(link("Next"))
    page.press(Keys.ENTER)
    page.wait_for_count(ROWS, 6)
    assert page.address() == "#/users?page=2"
    page.wait_for_focus(".place")
    assert "26 to 31 of 31 users." in page.text(USERS)
    page.reload()
    page.wait_for_count(ROWS, 6)
    assert "/users?page=2" in api.asked
    page.back()
    page.wait_for_count(ROWS, 25)
    assert page.complaints() == []


def test_a_page_that_is_not_there_leads_to_the_first(visit: Visit) -> None:
    page = visit("#/users?page=9")
    page.find(link("Go to the first")).click()
    page.wait_for_count(ROWS, 25)


def test_pages_end_where_the_api_counts_no_further(visit: Visit, api: StubApi) -> None:
    pagination = {"page": 400, "pageSize": 25, "totalItems": 40_000, "totalPages": 1_600}
    items = api.people.users.items[:25]
    page_of_many = {"items": items, "pagination": pagination | {"hasNext": True}, "next": "x"}
    api.answers["/users"] = 200, page_of_many
    page = visit("#/users?page=400")
    assert "Pages end at 10,000: filter to see others." in page.text(USERS)
    assert page.is_shown(link("Previous"))
    assert not page.is_shown(link("Next"))


def test_filters_and_sorting_stay_in_the_address_and_begin_at_the_first_page(
    visit: Visit, api: StubApi
) -> None:
    page = visit("#/users?page=2")
    page.find(f"{USERS}//thead{button('E-mail')}").click()
    page.wait_for_script("return location.hash === '#/users?sortBy=email&sortOrder=asc'")
    page.find(f"{USERS}//thead{button('E-mail')}").click()
    page.wait_for_script("return location.hash.includes('sortOrder=desc')")
    page.wait_for_text(f"{ROWS}[1]", "Zoe")
    assert page.find(f"{USERS}//th[@aria-sort]").get_attribute("aria-sort") == "descending"
    page.choose("Role", "admin")
    page.wait_for_count(ROWS, 1)
    assert "/users?role=admin&sortBy=email&sortOrder=desc" in api.asked
    assert "1 user." in page.text(USERS)


def test_the_platforms_people_choose_whose_users_they_see(visit: Visit, api: StubApi) -> None:
    page = visit("#/users")
    page.choose("Organization", "Zeta")
    page.wait_for_count(ROWS, 1)
    assert "/users?organizationId=org-zeta" in api.asked
    page.find(f"//nav{link('My profile')}").click()
    page.wait_for_text("h1", "My profile")
    page.find("//nav//a[normalize-space()='Users' and contains(@href, 'org-zeta')]").click()
    page.wait_for_count(ROWS, 1)


def test_people_of_an_organization_have_nothing_to_choose(visit: Visit, api: StubApi) -> None:
    api.organization = "org-acme"
    page = visit("#/users?organizationId=org-zeta")
    page.wait_for_count(ROWS, 25)
    assert not page.is_shown(field("Organization"))
    assert "/users" in api.asked
    assert not [path for path in api.asked if path.startswith("/organizations")]


def test_a_name_is_text(visit: Visit) -> None:
    page = visit("#/users/user-hostile")
    assert canned.HOSTILE_NAME in page.text("main")
    assert page.run("return document.querySelectorAll('main script, main img').length") == 0


def test_a_user_is_added_once(visit: Visit, api: StubApi) -> None:
    page = visit("#/users")
    fill_in_new_user(page, "new@zeta.example")
    page.find(field("Name")).send_keys(Keys.ENTER)
    page.wait_until_gone(DIALOG)
    page.wait_for_text(".toasts", "New One is a user now.")
    page.wait_for_text(USERS, "of 32 users.")
    [sent] = api.sent
    assert sent.given == {"organizationId": "org-zeta"}
    assert sent.body == {"email": "new@zeta.example", "name": "New One", "role": "operator"}
    assert len(sent.headers["Idempotency-Key"]) == 32


def test_what_the_api_refuses_is_said_beside_the_field(visit: Visit, api: StubApi) -> None:
    page = visit("#/users")
    fill_in_new_user(page, "müller@zeta.example")
    page.run("document.querySelector('dialog form').noValidate = true")
    page.find(f"//dialog{button('Add')}").click()
    page.wait_for_text(PROBLEM, "Must be an e-mail address such as")
    page.wait_for_focus(field("E-mail"))
    page.enter("E-mail", "user-02@org-acme.example")
    page.find(f"//dialog{button('Add')}").click()
    page.wait_for_text(PROBLEM, "There is a user user-02@org-acme.example already.")
    page.enter("E-mail", "new@zeta.example")
    page.find(f"//dialog{button('Add')}").click()
    page.wait_until_gone(DIALOG)
    assert len({sent.headers["Idempotency-Key"] for sent in api.sent}) == 1


def test_who_is_to_own_something_is_asked_where_that_is_not_clear(
    visit: Visit, api: StubApi
) -> None:
    organizations = api.people.organizations.items
    del organizations[0]
    page = visit("#/users")
    page.find(button("Add a user…")).click()
    page.wait_for_focus(field("E-mail"))
    organizations.clear()
    page.run("document.querySelector('.refresh').click()")
    page.wait_for_text(DIALOG, "There is no organization yet. Add one first.")


def test_a_lost_answer_is_asked_for_again_with_the_same_key(visit: Visit, api: StubApi) -> None:
    page = visit("#/users")
    fill_in_new_user(page, "new@zeta.example")
    page.run(
        "const ask = window.fetch; window.fetch = async () => { window.fetch = ask; throw 1; }"
    )
    page.find(f"//dialog{button('Add')}").click()
    page.wait_for_text(f"{DIALOG} .bad-text", "Sending it again does no harm")
    api.answers["/users"] = failure(409, "IDEMPOTENCY_KEY_REUSED", "this came with another request")
    page.find(f"//dialog{button('Add')}").click()
    page.wait_for_text(f"{DIALOG} .bad-text", "What you sent before was carried out after all")


def test_the_keyboard_is_enough_to_add_a_user(visit: Visit, api: StubApi) -> None:
    api.organization = "org-acme"
    page = visit("#/users")
    page.tab_to(button("Add a user…"))
    page.press(Keys.ENTER)
    page.wait_for_focus(field("E-mail"))
    page.press(*"a@b.example", Keys.TAB, "B", Keys.TAB, "o", Keys.TAB, Keys.TAB, Keys.TAB)
    page.wait_for_focus(button("Cancel"))
    page.press(Keys.ESCAPE)
    page.wait_until_gone(DIALOG)
    page.wait_for_focus(button("Add a user…"))
    assert api.sent == []


def test_every_form_has_a_key_of_its_own(visit: Visit, api: StubApi) -> None:
    page = visit("#/users")
    for email in ("one@zeta.example", "two@zeta.example"):
        fill_in_new_user(page, email)
        assert page.find(field("E-mail")).get_attribute("value") == email
        page.find(f"//dialog{button('Add')}").click()
        page.wait_until_gone(DIALOG)
    assert len({sent.headers["Idempotency-Key"] for sent in api.sent}) == 2


def test_a_role_is_changed_where_nobody_else_has(visit: Visit, api: StubApi) -> None:
    page = visit("#/users/user-03")
    page.find(button("Change the role…")).click()
    page.choose_in(DIALOG, "Role", "admin")
    [user] = [user for user in api.people.users.items if user["userId"] == "user-03"]
    api.people.users.versions["user-03"] = 2
    page.find(f"//dialog{button('Change')}").click()
    page.wait_for_text(f"{DIALOG} .bad-text", "Somebody has changed it since you opened this.")
    assert user["role"] == "viewer"
    page.find(f"//dialog{button('Cancel')}").click()
    page.find(button("Change the role…")).click()
    page.choose_in(DIALOG, "Role", "admin")
    page.find(f"//dialog{button('Change')}").click()
    page.wait_until_gone(DIALOG)
    page.wait_for_text("main .facts", "Roleadmin")
    assert [sent.headers["If-Match"] for sent in api.sent] == ['"1"', '"2"']


def test_a_user_is_removed_after_a_question(visit: Visit, api: StubApi) -> None:
    page = visit("#/users/user-03")
    page.find(button("Remove the user…")).click()
    page.wait_for_focus(button("Keep the user"))
    page.press(Keys.ENTER)
    page.wait_until_gone(DIALOG)
    assert api.sent == []
    page.find(button("Remove the user…")).click()
    page.find(f"//dialog{button('Remove the user')}").click()
    page.wait_for_text("h1", "Users")
    page.wait_for_text(".toasts", "User 03 is no user any more.")
    assert api.people.users.find("user-03") is None


def test_the_last_admin_stays_and_why_is_said(visit: Visit) -> None:
    page = visit("#/users/user-00")
    page.find(button("Remove the user…")).click()
    page.find(f"//dialog{button('Remove the user')}").click()
    page.wait_for_text(f"{DIALOG} .bad-text", "make somebody else an admin first")


def test_who_cannot_sign_in_is_said_with_the_reason(visit: Visit) -> None:
    page = visit("#/users/user-01")
    shown = page.text("main .facts")
    assert "refused The user pool has another identity with that address." in shown
    assert canned.HOSTILE_IMAGE in shown


@pytest.mark.parametrize("role", ["viewer", "operator"])
def test_users_are_for_admins_and_a_profile_for_everybody(
    visit: Visit, api: StubApi, role: str
) -> None:
    api.role = role
    api.people.sign_in()
    page = visit("#/users")
    assert page.text("main [role=alert]") == "This page takes the role admin."
    page.find(f"//nav{link('Users')}").click()
    page.wait_for_text(card("Mia Example"), "me@acme.example")


@pytest.mark.parametrize(
    ("organization", "sentence"),
    [
        (None, "You are one of the platform's own people."),
        ("org-acme", "You are not among the users of your organization"),
    ],
)
def test_who_has_no_profile_is_told_so(
    visit: Visit, api: StubApi, organization: str | None, sentence: str
) -> None:
    api.organization = organization
    page = visit("#/users/me")
    assert sentence in page.text(card("My profile"))
    assert not page.is_shown("main [role=alert]")


def test_name_and_number_are_saved(visit: Visit, api: StubApi) -> None:
    api.people.sign_in()
    page = visit("#/users/me")
    page.enter("Phone number", "12345")
    page.find(f"{card('Name and number')}{button('Save')}").click()
    page.wait_for_text(".field-problem", "Must be a number in E.164, such as +4915112345678.")
    page.enter("Phone number", "+4915112345678")
    page.find(f"{card('Name and number')}{button('Save')}").click()
    page.wait_for_text(".toasts", "Name and number are saved.")
    assert api.sent[-1].body == {"name": "Mia Example", "phoneNumber": "+4915112345678"}
    assert api.sent[-1].headers["If-Match"] == '"1"'


def test_preferences_are_saved_and_outlast_the_other_form(visit: Visit, api: StubApi) -> None:
    api.people.sign_in()
    page = visit("#/users/me")
    page.find(field("By text message")).click()
    page.find(field("There are hours at which nothing is sent")).click()
    page.enter("Time zone", "Mars/Olympus")
    page.enter("Phone number", "+4915112345678")
    page.find(f"{card('Name and number')}{button('Save')}").click()
    page.wait_for_text(".toasts", "Name and number are saved.")
    page.find(f"{card('Preferences')}{button('Save')}").click()
    page.wait_for_text(".field-problem", "Must be an IANA time zone, such as America/New_York.")
    page.wait_for_focus(field("Time zone"))
    page.enter("Time zone", "Europe/Berlin")
    page.choose("Theme", "dark")
    page.find(f"{card('Preferences')}{button('Save')}").click()
    page.wait_for_text(".toasts", "The preferences are saved.")
    assert api.people.own is not None
    [profile] = api.people.own.items
    hours = {"enabled": True, "start": "22:00", "end": "08:00", "timezone": "Europe/Berlin"}
    assert profile["preferences"]["quietHours"] == hours
    assert profile["preferences"]["notifications"] == {"email": True, "push": True, "sms": True}
    assert profile["preferences"]["theme"] == "dark"


def test_a_device_gets_no_push_messages_any_more(visit: Visit, api: StubApi) -> None:
    api.people.sign_in()
    page = visit("#/users/me")
    assert "abcdef" not in page.text(card("Push messages"))
    page.find("//button[@aria-label='Remove a/b:c']").click()
    page.find(f"//dialog{button('Remove the device')}").click()
    page.wait_until_gone(DIALOG)
    page.wait_for_count(f"{card('Push messages')}//li", 1)
    assert "/users/me/device-tokens/a%2Fb%3Ac" in api.asked
