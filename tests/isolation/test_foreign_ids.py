"""What belongs to another organization is answered exactly as what is not there, by every route."""

import json
from typing import Any

import pytest
from chalice.test import HTTPResponse

from app import app
from chalicelib.access.model import Role, Scope
from chalicelib.database.tables import SCHEMA
from chalicelib.features import gathered_metadata
from chalicelib.http.gate import declared_routes
from chalicelib.http.requests import IDEMPOTENCY_KEY
from chalicelib.http.routes import Route
from tests.isolation.probes import Probe, all_probes
from tests.people import Caller, People
from tests.sandbox import Sandbox

pytestmark = pytest.mark.postgresql
ROUTES = list(declared_routes(app))
SHARED = [route for route in ROUTES if route.requirement.scope is Scope.ORGANIZATION]
PLATFORM = [route for route in ROUTES if route.requirement.scope is Scope.PLATFORM]
PROBES = all_probes()
OWN, FOREIGN = "org-own", "org-foreign"
_IDS = ("Id", "Ids", "_id", "_ids")
CASES = [
    pytest.param(route, method, probe, id=f"{method} {probe.target}")
    for route in SHARED
    for method in route.methods
    for probe in (PROBES[route.name].probes if route.name in PROBES else ())
]
OWNED = [
    table.name for table in gathered_metadata().sorted_tables if "organization_id" in table.columns
]


@pytest.fixture
def caller(isolated_people: People) -> Caller:
    """An admin of one organization, where there is another."""
    isolated_people.organization(OWN)
    isolated_people.organization(FOREIGN)
    isolated_people.user("foreigner", FOREIGN, role="admin")
    return isolated_people.user("insider", OWN, role="admin")


@pytest.mark.parametrize("route", SHARED, ids=lambda route: route.name)
def test_every_route_for_organizations_is_asked_for_what_is_foreign(route: Route) -> None:
    told = f"see PROBES in tests/features/{route.feature.name}/uses.py"
    assert route.name in PROBES, told
    probes = PROBES[route.name]
    assert bool(probes.probes) != bool(probes.why_none), told
    named = {probe.variable for probe in probes.probes} | probes.of_platform.keys()
    assert named == _variables(route), told


def _variables(route: Route) -> set[str]:
    """What a request can name: variables of the path, and ids in its query and its body."""
    bodies = route.body if isinstance(route.body, tuple) else (route.body,)
    kinds = [route.query, *(body for body in bodies if body is not None)]
    fields = {name for kind in kinds for name in kind.__struct_encode_fields__}
    return {*route.path, *(name for name in fields if name.endswith(_IDS))}


@pytest.mark.parametrize(("route", "method", "probe"), CASES)
def test_what_is_foreign_is_answered_as_what_is_missing(
    route: Route, method: str, probe: Probe, caller: Caller, isolated_people: People
) -> None:
    foreign = probe.make(isolated_people.sandbox, FOREIGN)
    before = _rows_of(isolated_people.sandbox, FOREIGN)
    answers = [_ask(caller, method, probe, each) for each in (foreign, probe.missing)]
    assert answers[0] == answers[1]
    assert answers[0][0] == probe.status
    assert _rows_of(isolated_people.sandbox, FOREIGN) == before


@pytest.mark.parametrize(
    ("route", "body"),
    [
        pytest.param(route, body, id=f"{route.name} {name}")
        for route in SHARED
        if route.name in PROBES
        for name, body in PROBES[route.name].of_platform.items()
    ],
)
def test_what_only_the_platform_may_name_is_closed_whatever_it_is(
    route: Route, body: Any, caller: Caller
) -> None:
    for named in ("foreign", "missing"):
        sent = json.loads(json.dumps(body).replace("{id}", named))
        assert caller.ask(route.methods[0], route.address, sent).status_code == 403


@pytest.mark.parametrize(("route", "method", "probe"), CASES)
def test_what_is_one_s_own_is_found(
    route: Route, method: str, probe: Probe, caller: Caller, isolated_people: People
) -> None:
    """Otherwise a request that never finds anything would pass for one that keeps apart."""
    own = probe.make(isolated_people.sandbox, OWN)
    found = _ask(caller, method, probe, own)
    assert found[0] in (200, 201), route.name
    assert found != _ask(caller, method, probe, probe.missing), route.name


@pytest.mark.parametrize(
    "route", [route for route in SHARED if "GET" in route.methods], ids=lambda route: route.name
)
def test_no_list_shows_what_is_foreign(
    route: Route, caller: Caller, isolated_people: People
) -> None:
    if "{" in route.address:
        return
    for make in {probe.make for probes in PROBES.values() for probe in probes.probes}:
        make(isolated_people.sandbox, FOREIGN)
    assert "foreign" not in caller.get(route.address).body.decode()


@pytest.mark.parametrize("role", [Role.VIEWER, Role.ADMIN])
@pytest.mark.parametrize("route", PLATFORM, ids=lambda route: f"{route.methods[0]} {route.address}")
def test_what_is_the_platform_s_is_closed_to_organizations(
    route: Route, role: Role, caller: Caller, isolated_people: People
) -> None:
    path = "/".join("x" if part.startswith("{") else part for part in route.address.split("/"))
    member = isolated_people.user(f"member-{role}", OWN, role=role)
    for method in route.methods:
        assert member.ask(method, path).status_code == 403


@pytest.mark.parametrize("route", SHARED, ids=lambda route: route.name)
def test_whatever_changes_something_for_an_organization_can_be_sent_again(route: Route) -> None:
    is_writing = route.methods != ("GET", "HEAD")
    is_repeatable = bool(PROBES[route.name].why_repeatable)
    assert (IDEMPOTENCY_KEY in route.takes) is (is_writing and not is_repeatable)


def _ask(caller: Caller, method: str, probe: Probe, named: str) -> tuple[int, Any]:
    """The status and the body, with the id that was named left out of it."""
    body = json.loads(json.dumps(probe.body).replace("{id}", named))
    answer = caller.ask(method, probe.target.replace("{id}", named), body)
    return answer.status_code, _comparable(answer, named)


def _comparable(answer: HTTPResponse, named: str) -> Any:
    if not answer.body:
        return None
    body = json.loads(answer.body.decode().replace(named, "…"))
    if "error" in body:
        assert body["error"].pop("requestId")
    return body


def _rows_of(sandbox: Sandbox, organization_id: str) -> dict[str, list[Any]]:
    return {
        table: sandbox.rows(
            f"SELECT * FROM {SCHEMA}.{table} WHERE organization_id = %s ORDER BY 1",
            [organization_id],
        )
        for table in OWNED
    }


def test_there_are_tables_to_look_at() -> None:
    assert {"organizations", "users", "user_device_tokens"} <= set(OWNED)
