"""Organizations, their users, and the one who looks at the page; refused is as the API refuses."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import msgspec

from chalicelib import bodies
from chalicelib.access.errors import UnknownOrganizationError
from chalicelib.bodies import UNSET
from chalicelib.errors import InvalidRequestError
from chalicelib.features.organizations.bodies import NewOrganization, OrganizationChange
from chalicelib.features.organizations.change import OrganizationExistsError
from chalicelib.features.users.bodies import NewUser, ProfileChange, RoleChange
from chalicelib.features.users.errors import (
    LastAdminError,
    NoProfileError,
    UnknownUserError,
    UserExistsError,
)
from chalicelib.features.users.preference_bodies import Preferences, PreferencesChange
from chalicelib.features.users.profile import require_zone
from tests.console import canned
from tests.console.canned import Document
from tests.console.replies import Answer, Kept, Sent, listing

TOKENS = ["fcm-token-0123456789-abcdef", "a/b:c"]


class People:
    """Two organizations, one of them with 30 users; *own* is the profile of who asks, if any."""

    def __init__(self, now: datetime) -> None:
        self._now = now
        self._made = 0
        self.organizations = Kept(
            "organizationId",
            [self._organization("org-acme", "Acme"), self._organization("org-zeta", "Zeta")],
        )
        self.users = Kept("userId", [*self._of_acme(), self._user("user-z", "Zoe", "org-zeta")])
        self.own: Kept | None = None

    def answer(self, sent: Sent) -> Answer | None:
        """The answer to a request about people; None for any other."""
        match sent.method, sent.parts:
            case _, ["organizations", *_]:
                return self._of_organizations(sent)
            case _, ["users", "me", *_]:
                return self._of_oneself(sent)
            case _, ["users", *_]:
                return self._of_users(sent)
        return None

    def sign_in(self) -> None:
        """Have whoever asks be a user, with a profile."""
        profile = {
            "userId": "user-me",
            "email": "me@acme.example",
            "name": "Mia Example",
            "organizationId": "org-acme",
            "role": "admin",
            "phoneNumber": None,
            "preferences": msgspec.to_builtins(Preferences()),
            "deviceTokens": list(TOKENS),
            "createdAt": canned.instant(self._now - timedelta(days=90)),
        }
        self.own = Kept("userId", [profile])

    def _of_organizations(self, sent: Sent) -> Answer:
        kept = self.organizations
        match sent.method, sent.parts[1:]:
            case "GET", []:
                return listing(_matching(kept.items, sent.given, "status"), sent.given, "name")
            case "POST", []:
                return self._found(bodies.read(NewOrganization, sent.body))
            case method, [organization_id]:
                found = kept.find(organization_id)
                if found is None:
                    raise UnknownOrganizationError(organization_id)
                if method == "GET":
                    return kept.shown(found)
                change = _given(bodies.read(OrganizationChange, sent.body))
                return kept.change(sent, found, lambda item: item.update(change))
        raise AssertionError(sent)

    def _found(self, asked: NewOrganization) -> Answer:
        given = f"org-{self._next()}" if asked.organization_id is UNSET else asked.organization_id
        if self.organizations.find(given):
            raise OrganizationExistsError(
                f"there is an organization {given!r} already", organizationId=given
            )
        return self.organizations.add(self._organization(given, asked.name))

    def _of_users(self, sent: Sent) -> Answer:
        match sent.method, sent.parts[1:]:
            case "GET", []:
                self._require_organization(sent.given)
                found = _matching(self.users.items, sent.given, "role", "organizationId")
                return listing(found, sent.given, "name")
            case "POST", []:
                return self._created(sent, bodies.read(NewUser, sent.body))
            case _, [user_id, *_]:
                found_user = self.users.find(user_id)
                if found_user is None:
                    raise UnknownUserError(user_id)
                return self._of_user(sent, found_user)
        raise AssertionError(sent)

    def _created(self, sent: Sent, asked: NewUser) -> Answer:
        if "organizationId" not in sent.given:
            raise InvalidRequestError(
                "organizationId must name the organization: there are several",
                parameter="organizationId",
            )
        if any(user["email"] == asked.email for user in self.users.items):
            raise UserExistsError(f"there is a user {asked.email} already", email=asked.email)
        user = self._user(f"user-{self._next()}", asked.name, sent.given["organizationId"])
        return self.users.add(user | {"email": asked.email, "role": asked.role.value})

    def _of_user(self, sent: Sent, user: Document) -> Answer:
        if sent.method == "GET":
            return self.users.shown(user)
        admins = [each for each in self.users.items if each["role"] == "admin"]
        if sent.method == "DELETE":
            _require_another(admins, user)
            return self.users.remove(sent, user)
        role = bodies.read(RoleChange, sent.body).role
        self.users.require_version(sent, user)
        _require_another(admins, user)
        return self.users.change(sent, user, lambda item: item.update(role=role.value))

    def _of_oneself(self, sent: Sent) -> Answer:
        if self.own is None:
            raise NoProfileError("you are not among the users of an organization")
        [profile] = self.own.items
        match sent.method, sent.parts[2:]:
            case "GET", []:
                return self.own.shown(profile)
            case "PUT", []:
                change = _given(bodies.read(ProfileChange, sent.body))
                return self.own.change(sent, profile, lambda item: item.update(change))
            case "PUT", ["preferences"]:
                wanted = bodies.read(PreferencesChange, sent.body)
                require_zone(wanted)
                merged = profile["preferences"] | msgspec.to_builtins(wanted)
                return self.own.change(sent, profile, lambda item: item.update(preferences=merged))
            case "DELETE", ["device-tokens", token]:
                profile["deviceTokens"].remove(token)
                return 200, {"token": token}
        raise AssertionError(sent)

    def _require_organization(self, given: Mapping[str, str]) -> None:
        named = given.get("organizationId")
        if named is not None and self.organizations.find(named) is None:
            raise UnknownOrganizationError(named)

    def _of_acme(self) -> list[Document]:
        many = [self._user(f"user-{n:02}", f"User {n:02}", "org-acme") for n in range(29)]
        many[0] |= {"name": "Ada Admin", "role": "admin"}
        refusal = f"another identity: {canned.HOSTILE_IMAGE}"
        many[1] |= {"identity": {"status": "refused", "reason": refusal}}
        return [*many, self._user("user-hostile", canned.HOSTILE_NAME, "org-acme")]

    def _user(self, user_id: str, name: str, organization_id: str) -> Document:
        return {
            "userId": user_id,
            "email": f"{user_id}@{organization_id}.example",
            "name": name,
            "organizationId": organization_id,
            "role": "viewer",
            "phoneNumber": None,
            "identity": {"status": "ready", "reason": None},
            "createdAt": canned.instant(self._now - timedelta(days=40)),
            "updatedAt": canned.instant(self._now - timedelta(days=2)),
        }

    def _organization(self, organization_id: str, name: str) -> Document:
        return {
            "organizationId": organization_id,
            "name": name,
            "status": "active",
            "createdAt": canned.instant(self._now - timedelta(days=200)),
            "updatedAt": canned.instant(self._now - timedelta(days=3)),
        }

    def _next(self) -> int:
        self._made += 1
        return self._made


def _given(change: Any) -> dict[str, Any]:
    """The fields that a change names, as JSON has them."""
    changes: dict[str, Any] = msgspec.to_builtins(change)
    return changes


def _matching(items: list[Document], given: Mapping[str, str], *names: str) -> list[Document]:
    wanted = {name: given[name] for name in names if name in given}
    return [item for item in items if wanted.items() <= item.items()]


def _require_another(admins: list[Document], user: Document) -> None:
    if admins == [user]:
        raise LastAdminError(
            "this is the last admin of the organization: make somebody else an admin first"
        )
