"""Organizations and people for tests: rows in the database, and tokens of an issuer."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from chalice.test import Client, HTTPResponse

from app import app, authorize
from chalicelib.http.gate import declared_routes
from tests.access.issuer import Issuer
from tests.sandbox import PROJECT, Sandbox

PREFERENCES = json.dumps({})


@dataclass(frozen=True)
class Caller:
    """Somebody who sends requests with a token of their own."""

    client: Client
    token: str

    def ask(self, method: str, path: str, body: object = None, **headers: str) -> HTTPResponse:
        """One request."""
        sent = body if isinstance(body, bytes) else json.dumps(body).encode()
        return self.client.http.request(
            method,
            path,
            headers={
                "Authorization": f"Bearer {self.token}",
                "Content-Type": "application/json",
                **{name.replace("_", "-"): value for name, value in headers.items()},
            },
            body=b"" if body is None else sent,
        )

    def get(self, path: str) -> HTTPResponse:
        """One request that reads."""
        return self.ask("GET", path)


@dataclass(frozen=True)
class People:
    """The application, closed; whoever is asked for has a token of the issuer."""

    client: Client
    issuer: Issuer
    sandbox: Sandbox

    def organization(self, organization_id: str = "org-789", status: str = "active") -> str:
        """An organization, in the database."""
        self.sandbox.rows(
            "INSERT INTO iot_data.organizations (organization_id, name, status) "
            "VALUES (%s, %s, %s)",
            [organization_id, f"Called {organization_id}", status],
        )
        return organization_id

    def user(
        self, name: str, organization_id: str = "org-789", role: str = "viewer", **others: Any
    ) -> Caller:
        """Somebody who stands in the database, with a token that says who it is, and no more."""
        values = {"subject": f"sub-{name}", "removed_at": None, **others}
        self.sandbox.rows(
            "INSERT INTO iot_data.users (user_id, organization_id, subject, email, name, role, "
            "preferences, removed_at) VALUES (%s, %s, %s, %s, %s, %s, %s, %s)",
            [
                f"user-{name}",
                organization_id,
                values["subject"],
                f"{name}@example.com",
                name.title(),
                role,
                PREFERENCES,
                values["removed_at"],
            ],
        )
        return self.caller(str(values["subject"]))

    def caller(self, subject: str = "sub-somebody", **claims: object) -> Caller:
        """Whoever the issuer vouches for as *subject*, in no group unless *claims* say so."""
        said = {"sub": subject, "cognito:groups": [], **claims}
        return Caller(self.client, self.issuer.token(self.issuer.claims(**said)))

    def platform(self, role: str = "admin") -> Caller:
        """One of the platform's own people."""
        return self.caller("sub-platform", **{"cognito:groups": [role]})


@contextmanager
def closed_application() -> Iterator[Client]:
    """The application with its authorizer, which it had to go without when it was imported."""
    with pytest.MonkeyPatch.context() as patch:
        for route in declared_routes(app):
            if not route.requirement.is_open:
                for method in route.methods:
                    patch.setattr(app.routes[route.address][method], "authorizer", authorize)
        with Client(app, project_dir=str(PROJECT)) as client:
            yield client


@pytest.fixture(scope="session")
def people_issuer() -> Iterator[Issuer]:
    """The issuer of everybody's tokens."""
    with Issuer() as running:
        yield running


@pytest.fixture
def people(
    migrated: Sandbox, people_issuer: Issuer, monkeypatch: pytest.MonkeyPatch
) -> Iterator[People]:
    """An empty database, and the application closed."""
    monkeypatch.delenv("AUTH_MODE")
    for name, value in people_issuer.environment.items():
        monkeypatch.setenv(name, value)
    with closed_application() as client:
        yield People(client, people_issuer, migrated)
