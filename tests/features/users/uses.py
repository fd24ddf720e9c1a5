"""What the suite over all features cannot read from the declarations of users."""

from collections.abc import Iterator

from chalicelib.features.users.invocations import follow_identities
from tests.features.users.pool import configured_pool
from tests.isolation.probes import Probe, Probes
from tests.roles.doing import invocation, request
from tests.sandbox import Sandbox

# Whoever sends a request here is called so.
_CALLER = "anybody"


def everything(sandbox: Sandbox) -> Iterator[str]:
    """Users who are added, change themselves, get another role and are removed; the pool learns."""
    sandbox.rows("INSERT INTO iot_data.organizations (organization_id, name) VALUES ('o', 'O')")
    own = {"email": "a@example.com", "name": "A", "role": "admin", "subject": _CALLER}
    yield from request("POST", "/users?organizationId=o", own)
    yield from request("POST", "/users", {"email": "b@example.com", "name": "B"})
    yield from request("GET", "/users?organizationId=o")
    yield from _oneself()
    other = sandbox.value("SELECT user_id FROM iot_data.users WHERE name = 'B'")
    yield from request("PUT", f"/users/{other}/role", {"role": "operator"})
    yield from request("GET", f"/users/{other}")
    yield from request("DELETE", f"/users/{other}")
    with configured_pool():
        yield from invocation(lambda: follow_identities(None))


def _oneself() -> Iterator[str]:
    yield from request("PUT", "/users/me", {"phoneNumber": "+4915112345678"})
    for _ in range(2):
        token = {"token": "t", "platform": "ios"}
        yield from request("POST", "/users/me/device-tokens", token)
    yield from request("DELETE", "/users/me/device-tokens/t")
    yield from request("GET", "/users/me")


USES = {"runtime": everything}


def _make_user(sandbox: Sandbox, organization_id: str) -> str:
    user_id = f"user-{organization_id.replace('-', '')}"
    sandbox.rows(
        "INSERT INTO iot_data.users (user_id, organization_id, email, name, role, preferences) "
        "VALUES (%(id)s, %(organization)s, %(id)s || '@example.com', %(id)s, 'viewer', '{}')",
        {"id": user_id, "organization": organization_id},
    )
    return user_id


def _same_organization(_: Sandbox, organization_id: str) -> str:
    return organization_id


def _make_token(sandbox: Sandbox, organization_id: str) -> str:
    """A device of the organization's admin."""
    token = f"token-of-{organization_id}"
    sandbox.rows(
        "INSERT INTO iot_data.user_device_tokens (token, user_id, organization_id, platform) "
        "SELECT %s, user_id, organization_id, 'ios' FROM iot_data.users "
        "WHERE organization_id = %s AND role = 'admin'",
        [token, organization_id],
    )
    return token


def _of_user(target: str, body: object = None) -> Probes:
    return Probes((Probe("user_id", target, _make_user, "user-orgmissing", body),))


def _of_organization(target: str, body: object = None) -> Probes:
    return Probes((Probe("organizationId", target, _same_organization, "org-missing", body),))


_ONESELF = Probes(why_none="it is about the caller, whoever that is")
PROBES = {
    "get_profile": _ONESELF,
    "update_profile": _ONESELF,
    "update_preferences": _ONESELF,
    "register_device_token": Probes(
        why_none="a token is no id: whoever has the device may have its messages"
    ),
    "remove_device_token": Probes(
        (Probe("token", "/users/me/device-tokens/{id}", _make_token, "token-of-org-missing"),)
    ),
    "list_users": _of_organization("/users?organizationId={id}"),
    "create_user": _of_organization(
        "/users?organizationId={id}", {"email": "new@example.com", "name": "New"}
    ),
    "get_user": _of_user("/users/{id}"),
    "update_user_role": _of_user("/users/{id}/role", {"role": "operator"}),
    "remove_user": _of_user("/users/{id}"),
}
