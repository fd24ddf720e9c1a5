"""The document over HTTP, for those who may read what it describes."""

from typing import Any

from chalice.app import Blueprint

from chalicelib.http import endpoint, query_parameters

routes = Blueprint(__name__)


@routes.route("/openapi.json", methods=["GET", "HEAD"])
@endpoint(routes)
def get_document() -> dict[str, Any]:
    """What this application answers, as OpenAPI 3.1."""
    query_parameters(routes)
    # Asked for by people and generators only: no other request should wait for its import.
    from chalicelib.openapi.document import document

    return document()
