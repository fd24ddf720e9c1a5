"""Declaring a route: what it has to say of itself."""

from typing import Any

import pytest
from chalice.app import Chalice

from chalicelib.access.errors import UndeclaredRouteError
from chalicelib.access.model import Role, Scope
from chalicelib.bodies import SerialNumber
from chalicelib.errors import UnknownResourceError
from chalicelib.http import Asked, Nothing, Routes, gate
from tests.access.sample_app import as_the_token_says
from tests.http.conftest import FEATURE
from tests.http.toys import Box, Json, Toy, ToyQuery

METHODS = ["get", "post", "put", "patch", "delete"]


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    "said",
    [
        {},
        {"least": Role.VIEWER},
        {"scope": Scope.PLATFORM},
        {"least": Role.VIEWER, "scope": Scope.PLATFORM},
    ],
)
def test_a_route_says_its_role_its_scope_and_its_answer(
    method: str, said: Json, routes: Routes
) -> None:
    with pytest.raises(TypeError, match=r"missing .* required keyword-only argument"):
        getattr(routes, method)("/toys", **said)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    ("least", "scope"),
    [(None, Scope.PLATFORM), (None, Scope.ORGANIZATION), (Role.ADMIN, Scope.OPEN)],
)
def test_a_route_without_a_role_is_open_and_an_open_route_has_none(
    method: str, least: Role | None, scope: Scope, routes: Routes
) -> None:
    with pytest.raises(ValueError, match="a route names its least role, unless it is open"):
        getattr(routes, method)("/toys", least=least, scope=scope, answers=Json)


@pytest.mark.parametrize("method", METHODS[1:])
def test_a_route_that_changes_something_takes_its_method_and_its_body(
    method: str, app: Chalice, routes: Routes
) -> None:
    declare = getattr(routes, method)
    declare("/toys", least=None, scope=Scope.OPEN, body=Toy, answers=Toy)(lambda asked: asked.body)
    app.register_blueprint(routes)
    assert list(app.routes["/toys"]) == [method.upper()]


def test_a_variable_of_the_path_is_an_argument_of_the_view(routes: Routes) -> None:
    declare = routes.get("/toys/{toy}", least=None, scope=Scope.OPEN, answers=Json)
    with pytest.raises(KeyError, match="toy"):
        declare(lambda asked: {})


def test_a_route_that_chalice_knows_and_nobody_declared_keeps_the_application_from_starting(
    app: Chalice, routes: Routes
) -> None:
    @routes.route("/toys")
    def list_toys() -> Json:
        return {}

    app.register_blueprint(routes)
    with pytest.raises(UndeclaredRouteError, match=r"^/toys does not declare who may call it$"):
        gate.close(app, authorizer=None, look_up=as_the_token_says)


def test_what_is_declared_can_be_read_again(app: Chalice, routes: Routes) -> None:
    @routes.post(
        "/toys/{toy_id}",
        least=Role.OPERATOR,
        scope=Scope.ORGANIZATION,
        body=Toy,
        query=ToyQuery,
        answers={200: Toy, 202: Json},
        refuses=(UnknownResourceError,),
    )
    def change_toy(asked: Asked[ToyQuery, Toy], toy_id: SerialNumber) -> Toy:
        return asked.body

    app.register_blueprint(routes)
    [route] = gate.declared_routes(app)
    assert (route.feature, route.address, route.methods) == (FEATURE, "/toys/{toy_id}", ("POST",))
    assert (route.requirement.least, route.requirement.scope) == (Role.OPERATOR, "organization")
    assert (route.name, route.query, route.body) == ("change_toy", ToyQuery, Toy)
    assert (route.path, route.answers) == ({"toy_id": SerialNumber}, {200: Toy, 202: Json})
    # The view itself stays a function that tests and other code may call.
    assert change_toy(Asked(None, ToyQuery(), Toy(toy_name="a")), 1) == Toy(toy_name="a")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("body", "is_required"), [(Toy, True), (ToyQuery, False), ((Toy, Box), True), (Nothing, False)]
)
def test_a_body_is_required_where_one_of_its_fields_is(
    body: Any, is_required: bool, app: Chalice, routes: Routes
) -> None:
    @routes.post("/toys", least=None, scope=Scope.OPEN, body=body, answers=Json)
    def make_toy(asked: Asked[Nothing, Any]) -> Json:
        return {}

    app.register_blueprint(routes)
    [route] = gate.declared_routes(app)
    assert route.is_body_required is is_required
