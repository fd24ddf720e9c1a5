"""Users, from the package: the requests that the requirement shows, as a function gets them."""

import pytest

from tests.runtime.asking import ask
from tests.runtime.conftest import StartContainer, sample
from tests.sandbox import Sandbox

HANDLER = "app.app"
PREFERENCES = {
    "notifications": {"email": True, "push": True, "sms": False},
    "quietHours": {
        "enabled": True,
        "start": "22:00",
        "end": "08:00",
        "timezone": "America/New_York",
    },
    "theme": "dark",
    "language": "en",
}


@pytest.fixture
def john(migrated: Sandbox) -> None:
    """The user that whoever asks here is."""
    migrated.rows(
        "INSERT INTO iot_data.organizations (organization_id, name) VALUES ('org-789', 'Acme')"
    )
    migrated.rows(
        "INSERT INTO iot_data.users "
        "(user_id, organization_id, subject, email, name, role, preferences, created_at) VALUES "
        "('user-456', 'org-789', 'anybody', 'john.doe@example.com', 'John Doe', 'operator', '{}', "
        "'2025-01-15T10:00:00Z')"
    )


@pytest.mark.usefixtures("john")
def test_the_samples_of_the_requirement(
    start: StartContainer, as_the_functions: dict[str, str]
) -> None:
    container = start(HANDLER, **as_the_functions)
    status, changed = ask(container, "PUT", "/users/me/preferences", PREFERENCES)
    assert (status, changed["preferences"]) == (200, PREFERENCES)
    token = {"token": "fcm-token-123", "platform": "android"}
    assert ask(container, "POST", "/users/me/device-tokens", token)[0] == 200
    assert ask(container, "GET", "/users/me") == (
        200,
        {
            "userId": "user-456",
            "email": "john.doe@example.com",
            "name": "John Doe",
            "organizationId": "org-789",
            "role": "operator",
            "phoneNumber": None,
            "preferences": PREFERENCES,
            "deviceTokens": ["fcm-token-123"],
            "createdAt": "2025-01-15T10:00:00Z",
        },
    )
    new = {"email": "jane.doe@example.com", "name": "Jane Doe", "role": "viewer"}
    status, made = ask(container, "POST", "/users", new)
    assert (status, made["organizationId"]) == (201, "org-789")
    path = {"user_id": made["userId"]}
    status, changed = ask(container, "PUT", "/users/{user_id}/role", {"role": "admin"}, **path)
    assert (status, changed["role"]) == (200, "admin")
    status, listed = ask(container, "GET", "/users")
    assert (status, listed["pagination"]["totalItems"]) == (200, 2)


@pytest.mark.usefixtures("john")
def test_time_zones_are_packaged(start: StartContainer, as_the_functions: dict[str, str]) -> None:
    container = start(HANDLER, **as_the_functions)
    for zone, expected in (("Asia/Kathmandu", 200), ("Asia/Shangri-La", 400)):
        change = {"quietHours": {"timezone": zone}}
        assert ask(container, "PUT", "/users/me/preferences", change)[0] == expected


@pytest.mark.usefixtures("john")
def test_a_superuser_s_login_is_refused_and_the_reason_is_told(
    start: StartContainer, migrated: Sandbox
) -> None:
    container = start(HANDLER, **migrated.environment, AUTH_MODE="none")
    status, body = ask(container, "GET", "/users/me")
    assert (status, body["error"]["code"]) == (503, "DATABASE_ROLE_NOT_ISOLATED")


def test_without_a_user_pool_nobody_is_told(warm: StartContainer) -> None:
    answer = warm("app.follow_identities").invoke(sample("schedule"))
    assert answer.result == {"is_configured": False}
