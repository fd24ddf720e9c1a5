"""A small application behind the gate, wired as `app.py` wires the real one."""

from typing import Annotated, Any

from chalice.app import AuthRequest, AuthResponse, Chalice

from chalicelib.access.callers import is_known, require_role
from chalicelib.access.model import Principal, Role, Scope
from chalicelib.bodies import Body, Meta
from chalicelib.feature import Feature
from chalicelib.http import Asked, Nothing, Routes, gate
from chalicelib.http.answers import in_our_envelope

APP_PY = """
from chalicelib import logs
from tests.access.sample_app import build

logs.configure_json("DEBUG")
app, authorize = build()
"""

ThingId = Annotated[str, Meta(description="The thing.")]


class Note(Body):
    """What a caller wants to leave."""

    text: Annotated[str, Meta(max_length=40)]


class SyncQuery(Body):
    """How to start."""

    force: bool = False


Json = dict[str, Any]


def build() -> tuple[Chalice, Any]:
    """The application, and its authorizer."""
    app = Chalice(app_name="sample", configure_logs=False)
    app.register_middleware(in_our_envelope, "http")
    app.register_blueprint(_routes())

    @app.authorizer(ttl_seconds=gate.POLICY_SECONDS)
    def authorize(request: AuthRequest) -> AuthResponse | dict[str, Any]:
        return gate.authorize(app, request)

    gate.close(app, authorize, as_the_token_says)
    return app, authorize


def as_the_token_says(principal: Principal) -> Principal:
    """In place of a look at the users: there are none."""
    return principal


def _routes() -> Routes:
    """Routes of every scope, for every role."""
    routes = Routes(__name__, Feature("sample", "Something to guard."))

    @routes.get("/health", least=None, scope=Scope.OPEN, answers=Json)
    def get_health(asked: Asked[Nothing, None]) -> Json:
        return {"status": "up", "is_known": is_known(asked.request)}

    @routes.get("/status", least=Role.VIEWER, scope=Scope.PLATFORM, answers=Json)
    def get_status(asked: Asked[Nothing, None]) -> Json:
        return _caller(asked)

    @routes.get("/things", least=Role.VIEWER, scope=Scope.ORGANIZATION, answers=Json)
    def list_things(asked: Asked[Nothing, None]) -> Json:
        return _caller(asked)

    @routes.post("/sync", least=Role.OPERATOR, scope=Scope.PLATFORM, query=SyncQuery, answers=Json)
    def post_sync(asked: Asked[SyncQuery, None]) -> Json:
        if asked.query.force:
            require_role(asked.principal, Role.ADMIN)
        return {"status": "started"}

    @routes.post("/heartbeat", least=Role.DEVICE, scope=Scope.ORGANIZATION, answers=Json)
    def post_heartbeat(_: Asked[Nothing, None]) -> Json:
        return {"status": "heard"}

    @routes.get("/things/{thing_id}", least=Role.VIEWER, scope=Scope.PLATFORM, answers=Json)
    def get_thing(_: Asked[Nothing, None], thing_id: ThingId) -> Json:
        return {"thing_id": thing_id}

    @routes.post("/things/{thing_id}", least=Role.ADMIN, scope=Scope.ORGANIZATION, answers=Json)
    def change_thing(_: Asked[Nothing, None], thing_id: ThingId) -> Json:
        return {"thing_id": thing_id}

    _add_mishaps(routes)
    return routes


def _add_mishaps(routes: Routes) -> None:
    """Routes on which something may go wrong."""

    @routes.post("/notes", least=Role.ADMIN, scope=Scope.PLATFORM, body=Note, answers=Json)
    def post_note(asked: Asked[Nothing, Note]) -> Json:
        return {"text": asked.body.text}

    @routes.post("/failures", least=Role.ADMIN, scope=Scope.PLATFORM, answers=Json)
    def post_failure(_: Asked[Nothing, None]) -> Json:
        raise RuntimeError("this is not for strangers")


def _caller(asked: Asked[Any, Any]) -> Json:
    principal = asked.principal
    return {
        "subject": principal.subject,
        "role": principal.role,
        "organization": principal.organization,
    }
