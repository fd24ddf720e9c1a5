"""Who am I, to this service?"""

from typing import Any

from chalice.app import Blueprint

from chalicelib.access.gate import principal_of
from chalicelib.http import endpoint, query_parameters

routes = Blueprint(__name__)


@routes.route("/me", methods=["GET", "HEAD"])
@endpoint(routes)
def get_me() -> dict[str, Any]:
    """The caller's subject and role."""
    query_parameters(routes)
    principal = principal_of(routes.current_request)
    return {"subject": principal.subject, "role": principal.role}
