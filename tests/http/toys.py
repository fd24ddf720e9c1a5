"""Bodies and routes of toys, which say what they understood."""

from typing import Annotated, Any, cast

import msgspec

from chalicelib.access.model import Scope
from chalicelib.bodies import UNSET, Body, Id, Meta, SerialNumber, Text, UnsetType
from chalicelib.http import Answer, Asked, Nothing, PageQuery, Routes

Json = dict[str, Any]
Name = Annotated[Text, Meta(min_length=1, max_length=9)]


class Toy(Body, rename="camel"):
    """Something to play with."""

    toy_name: Id
    weight: float | UnsetType = UNSET


class Box(Body):
    """Toys."""

    toys: list[Any]


class ToyQuery(PageQuery):
    """Which toys."""

    colour: Text | UnsetType = UNSET


def declare(routes: Routes) -> None:
    """All of them."""

    @routes.get("/toys", least=None, scope=Scope.OPEN, query=ToyQuery, answers=Json)
    def list_toys(asked: Asked[ToyQuery, None]) -> Json:
        return cast(Json, msgspec.to_builtins(asked.query))

    @routes.get("/toys/{toy_id}", least=None, scope=Scope.OPEN, answers=Json)
    def get_toy(_: Asked[Nothing, None], toy_id: SerialNumber) -> Json:
        return {"toy_id": toy_id}

    @routes.get("/toys/{toy_id}/of/{name}", least=None, scope=Scope.OPEN, answers=Json)
    def get_toy_of(_: Asked[Nothing, None], toy_id: SerialNumber, name: Name) -> Json:
        return {"toy_id": toy_id, "name": name}

    @routes.post("/toys", least=None, scope=Scope.OPEN, body=Toy, answers={200: Toy, 201: Toy})
    def make_toy(asked: Asked[Nothing, Toy]) -> Answer[Toy]:
        return Answer(asked.body, 201, {"Location": f"toys/{asked.body.toy_name}"})

    @routes.post("/boxes", least=None, scope=Scope.OPEN, body=(Toy, Box), answers=Json)
    def fill_box(asked: Asked[Nothing, object]) -> Json:
        return {"understood": asked.body}

    @routes.post("/bells", least=None, scope=Scope.OPEN, answers=Json)
    def ring_bell(asked: Asked[Nothing, None]) -> Json:
        return {"body": asked.body, "subject": asked.principal.subject}
