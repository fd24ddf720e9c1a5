"""A small application behind the gate, wired as `app.py` wires the real one."""

from typing import Any

from chalice.app import AuthRequest, AuthResponse, Blueprint, Chalice

from chalicelib.access import gate
from chalicelib.access.model import Role
from chalicelib.http import endpoint

APP_PY = """
from chalicelib import logs
from tests.access.sample_app import build

logs.configure_json("DEBUG")
app, authorize = build()
"""


def build() -> tuple[Chalice, Any]:
    """The application, and its authorizer."""
    app = Chalice(app_name="sample", configure_logs=False)
    routes = Blueprint(__name__)

    @routes.route("/health")
    @endpoint(routes)
    def get_health() -> dict[str, Any]:
        return {"status": "up", "is_known": gate.is_known(routes.current_request)}

    @routes.route("/status")
    @endpoint(routes)
    def get_status() -> dict[str, Any]:
        caller = gate.principal_of(routes.current_request)
        return {"subject": caller.subject, "role": caller.role}

    @routes.route("/sync", methods=["POST"])
    @endpoint(routes)
    def post_sync() -> dict[str, Any]:
        request = routes.current_request
        if request.query_params and request.query_params.get("force") == "true":
            gate.require_role(gate.principal_of(request), Role.ADMIN)
        return {"status": "started"}

    @routes.route("/heartbeat", methods=["POST"])
    @endpoint(routes)
    def post_heartbeats() -> dict[str, Any]:
        return {"status": "heard"}

    @routes.route("/things/{thing_id}", methods=["GET", "DELETE"])
    @endpoint(routes)
    def change_thing(thing_id: str) -> dict[str, Any]:
        return {"thing_id": thing_id}

    app.register_blueprint(routes)

    @app.authorizer(ttl_seconds=gate.POLICY_SECONDS)
    def authorize(request: AuthRequest) -> AuthResponse | dict[str, Any]:
        return gate.authorize(request)

    gate.close(app, authorize)
    return app, authorize
