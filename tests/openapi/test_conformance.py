"""Schemathesis holds the document against the application, as `chalice local` serves it.

It opens a connection for each request, as it must: see `ask` in conftest.py.
"""

import json
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

import pytest
import schemathesis
from openapi_schema_validator import OAS31Validator
from schemathesis import Case, CheckFunction
from schemathesis.specs.openapi.checks import (
    negative_data_rejection,
    positive_data_acceptance,
)

from chalicelib.listing import MAX_DEPTH
from devdb.local_server import LocalServer
from tests.openapi.conftest import ask
from tests.openapi.described import DOCUMENT, Operation, operations

MAX_EXAMPLES = 50
ERROR = {"$ref": "#/components/schemas/Error", "components": DOCUMENT["components"]}
pytestmark = pytest.mark.usefixtures("heard_of", "held", "lived")
# Where one of several organizations has to be named.
OWNED = ("POST /users", "POST /device-types")
MANY_DIGITS = "9" * 5000
DEEP_KEY = urlsafe_b64encode(b"[" * 3000).decode()

schema = schemathesis.openapi.from_dict(DOCUMENT)
schema.config.generation.update(
    max_examples=MAX_EXAMPLES,
    # The same requests each time: what fails here can be repeated.
    deterministic=True,
    # It counts texts with NUL as valid, now and then, although their pattern excludes them.
    allow_x00=False,
    # The server asks nobody for a token; test_closed.py is about one that does.
    with_security_parameters=False,
)
# A run waits for the one before it, on a machine that may be busy with other tests.
schema.config.update(request_timeout=60)
# Those that `chalice local` hands on: of others its HTTP server says 501 by itself. (API Gateway
# turns all of them away with a 403 before they reach the application.)
schema.config.phases.coverage.unexpected_methods = {"delete", "get", "patch", "post", "put"}


@schema.parametrize()
def test_the_application_is_true_to_its_document(case: Case[Any], open_server: LocalServer) -> None:
    # No schema can tell the `next` of an earlier page from other text of its alphabet.
    # Nor what time it is: that of a heartbeat must not be in the future.
    # Nor which text is the token of a review.
    is_review = isinstance(case.body, dict) and "token" in case.body
    # Nor which page is too deep, which version is there, or what is a time zone; nor that one of
    # several organizations has to be named.
    is_beyond_schema = (
        "after" in (case.query or {})
        or (isinstance(case.body, dict) and "after" in case.body)
        or names_a_time(case.body)
        or is_review
        or is_deep(case.query or {})
        or "If-Match" in (case.headers or {})
        or "timezone" in str(case.body)
        or (case.operation.label in OWNED and "organizationId" not in (case.query or {}))
        # Nor whether metrics go together, or that a shared type is no organization's.
        or (isinstance(case.body, dict) and (case.body.get("metrics") or "isShared" in case.body))
        # Nor which types, places and buckets there are, and what has a letter in it.
        or is_about_a_device(case)
    )
    excluded: list[CheckFunction] = [positive_data_acceptance] if is_beyond_schema else []
    if case.operation.label == "POST /telemetry":
        # Whatever devices send is judged record by record, and what is wrong is listed.
        excluded.append(negative_data_rejection)
    case.call_and_validate(base_url=open_server.url, excluded_checks=excluded)


def is_about_a_device(case: Case[Any]) -> bool:
    named = {"near", "q", "location", "tags", "tagsAll"}
    about = ("/devices", "/device-imports", "/device-certificates")
    return case.operation.path.startswith(about) and (
        case.method in ("POST", "PUT") or not named.isdisjoint(case.query or {})
    )


def names_a_time(body: object) -> bool:
    return isinstance(body, dict) and not {"ts", "last_upload_ts"}.isdisjoint(body)


def is_deep(query: Mapping[str, Any]) -> bool:
    page, size = query.get("page", 1), query.get("pageSize", 25)
    return isinstance(page, int) and isinstance(size, int) and page * size > MAX_DEPTH


def takes_a_key(operation: Operation) -> bool:
    return "after" in {each["name"] for each in operation.described.get("parameters", [])}


@pytest.mark.parametrize(
    ("operation", "query"),
    [
        (operation, query)
        for operation in operations()
        if operation.method == "GET"
        for query in [{}, *({name: value} for name, value in operation.query.items())]
    ],
    ids=lambda value: value.route if isinstance(value, Operation) else urlencode(value),
)
def test_the_examples_are_found_here(
    operation: Operation, query: dict[str, object], open_server: LocalServer
) -> None:
    """Otherwise everything that is checked above could be errors."""
    body = open_server.get_json(f"{operation.path}?{urlencode(query)}")
    assert body.get("items", True), "an empty list shows nothing of its items"


@pytest.mark.parametrize(
    "operation",
    [o for o in operations() if o.method == "GET" and takes_a_key(o)],
    ids=lambda operation: operation.route,
)
def test_a_page_is_followed_by_the_next(operation: Operation, open_server: LocalServer) -> None:
    """What no example can say: the key of a page is in the page before."""
    one = {"pageSize" if "pageSize" in operation.query else "limit": 1}
    first = open_server.get_json(f"{operation.path}?{urlencode(one)}")
    assert first["next"] is not None, "one item shows nothing of what follows it"
    second = open_server.get_json(f"{operation.path}?{urlencode({'after': first['next']})}")
    assert second["items"]
    assert first["items"][0] not in second["items"]


@pytest.mark.parametrize("change", ["added", "removed", "renamed"])
def test_the_run_of_the_example_has_changes_of_each_kind(
    change: str, open_server: LocalServer
) -> None:
    [found] = open_server.get_json(f"/runs/42/changes?change={change}")["items"]
    assert (found["reason"] is not None) == (change == "removed")


def test_the_document_is_served_as_it_is_built(open_server: LocalServer) -> None:
    assert open_server.get_json("/openapi.json") == DOCUMENT


@pytest.mark.parametrize(
    ("path", "content_type", "status", "code"),
    [
        (f"/runs/{MANY_DIGITS}", "application/json", 404, "NOT_FOUND"),
        (f"/runs/{MANY_DIGITS}/changes", "application/json", 404, "NOT_FOUND"),
        (f"/runs?after={DEEP_KEY}", "application/json", 400, "INVALID_REQUEST"),
        ("/status", "text/plain", 415, "UNSUPPORTED_MEDIA_TYPE"),
    ],
    ids=["digits", "digits of changes", "depth", "media type"],
)
def test_what_schemathesis_does_not_think_of_has_the_envelope_too(
    path: str, content_type: str, status: int, code: str, open_server: LocalServer
) -> None:
    answer = ask(open_server, "GET", path, {"Content-Type": content_type})
    body = json.loads(answer.body)
    OAS31Validator(ERROR).validate(body)
    assert (answer.status, body["error"]["code"]) == (status, code)
