"""The OpenAPI 3.1 document: what a caller may ask, and what comes back.

Enumerations, limits and error codes come from the code itself; the tests hold the rest against a
running application.
"""

from functools import cache
from typing import Any

from chalicelib.openapi.paths import ANY_TOKEN, SCHEMES, paths
from chalicelib.openapi.responses import error_responses
from chalicelib.openapi.schemas import schemas

OPENAPI = "3.1.0"
VERSION = "0.1.0"

_DESCRIPTION = """\
Which parameter does which device report these days? A table answers it, and runs keep that table
exactly in step with what the devices report; this API reads both, and starts runs.

- Times are UTC, ISO 8601, to the microsecond.
- Lists come in pages: pass the `next` of one on as `after` for the following one.
- Parameters and fields that are not named here are refused, not ignored.
- Every error has the same envelope; quote its `requestId` when you report one.
- Roles ascend: a `viewer` reads, an `operator` starts runs as well, an `admin` may force them; a
  `device` stands apart, and sends heartbeats.
"""
_TAGS = {
    "sync": "Runs, and what they did.",
    "pairs": "The table.",
    "heartbeats": "Devices, and whether they are alive.",
    "loads": "Parquet files, and what became of them.",
    "service": "The service itself.",
}
_TOKENS = (
    {"bearerFormat": "JWT", "description": "An id or access token of the OpenID Connect issuer."},
    {"description": "The static token, if one is configured."},
)


@cache
def document() -> dict[str, Any]:
    """The document; treat it as read only."""
    return {
        "openapi": OPENAPI,
        "info": {
            "title": "device-parameters",
            "version": VERSION,
            "summary": "Which device reports which parameter.",
            "description": _DESCRIPTION,
        },
        # Relative to this document, which API Gateway serves below its stage.
        "servers": [{"url": ".", "description": "Where this document comes from."}],
        "security": ANY_TOKEN,
        "tags": [{"name": name, "description": says} for name, says in _TAGS.items()],
        "paths": paths(),
        "components": {
            "schemas": schemas(),
            "responses": error_responses(),
            "securitySchemes": _security_schemes(),
        },
    }


def _security_schemes() -> dict[str, dict[str, str]]:
    bearer = {"type": "http", "scheme": "bearer"}
    return {name: {**bearer, **token} for name, token in zip(SCHEMES, _TOKENS, strict=True)}
