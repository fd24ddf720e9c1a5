"""Declaring a route: who may call it, what it takes and what it gives, beside the view itself."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import wraps
from typing import Any, Required, TypedDict, Unpack, get_type_hints

import msgspec
from chalice.app import Blueprint, Response

from chalicelib import bodies
from chalicelib.access.callers import is_known
from chalicelib.access.model import Requirement, Role, Scope
from chalicelib.errors import ApplicationError
from chalicelib.feature import Feature
from chalicelib.http.answers import Answer, failure, json_response, request_id_of
from chalicelib.http.requests import Asked, Header, Nothing, json_of, path_values, query_of

logger = logging.getLogger(__name__)

View = Callable[..., Any]
Decorator = Callable[[View], View]
Kind = Any


@dataclass(frozen=True, eq=False)
class Route:
    """A route as it is declared: what the gate, the document and the reference are made from.

    *answers* has the kind of the body by status. *body* is None where there is none; several kinds
    are alternatives between which the view decides, and which it reads itself. *path* has the kinds
    of the variables in the address.
    """

    feature: Feature
    address: str
    methods: tuple[str, ...]
    requirement: Requirement
    view: View
    query: type[Any]
    path: Mapping[str, Kind]
    answers: Mapping[int, Kind]
    body: Kind | tuple[Kind, ...] | None = None
    refuses: tuple[type[ApplicationError], ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    examples: Mapping[str, object] = field(default_factory=dict)
    takes: tuple[Header, ...] = ()

    @property
    def is_body_required(self) -> bool:
        """Whether the route refuses a request without a body."""
        kinds = self.body if isinstance(self.body, tuple) else (self.body,)
        return all(_required_fields(kind) for kind in kinds)

    @property
    def name(self) -> str:
        """The view's name, which is the operation's in the document."""
        return self.view.__name__


class Writing(TypedDict, total=False):
    """What a route that changes something declares.

    *answers* is the kind of the body, or its kinds by status. *headers* are those of the answers,
    with what they say; *takes* are those of the request. *examples* are bodies by name.
    """

    least: Required[Role | None]
    scope: Required[Scope]
    answers: Required[Kind | Mapping[int, Kind]]
    body: Kind | tuple[Kind, ...] | None
    query: type[Any]
    refuses: tuple[type[ApplicationError], ...]
    headers: Mapping[str, str]
    examples: Mapping[str, object]
    takes: tuple[Header, ...]


class Routes(Blueprint):
    """The routes of a feature.

    A view takes what was asked, and returns the body of its answer, or an `Answer`.
    What it raises becomes the error envelope. Its own arguments besides are the variables of the
    path, by their names and with their types.
    """

    def __init__(self, import_name: str, feature: Feature) -> None:
        super().__init__(import_name)
        self.feature = feature

    def get(
        self,
        address: str,
        *,
        least: Role | None,
        scope: Scope,
        answers: Kind,
        query: type[Any] = Nothing,
        refuses: tuple[type[ApplicationError], ...] = (),
        headers: Mapping[str, str] | None = None,
    ) -> Decorator:
        """A route that reads: GET, and HEAD for the same without the body."""
        requirement = Requirement(least, scope)
        return lambda view: self._declare(
            Route(
                self.feature,
                address,
                ("GET", "HEAD"),
                requirement,
                view,
                query,
                _path_kinds(view, address),
                {200: answers},
                refuses=refuses,
                headers=headers or {},
            )
        )

    def post(self, address: str, **declared: Unpack[Writing]) -> Decorator:
        """A route that adds something, or starts it."""
        return self._writing("POST", address, **declared)

    def put(self, address: str, **declared: Unpack[Writing]) -> Decorator:
        """A route that changes something as a whole, or field by field."""
        return self._writing("PUT", address, **declared)

    def patch(self, address: str, **declared: Unpack[Writing]) -> Decorator:
        """A route that changes a part of something."""
        return self._writing("PATCH", address, **declared)

    def delete(self, address: str, **declared: Unpack[Writing]) -> Decorator:
        """A route that removes something."""
        return self._writing("DELETE", address, **declared)

    def _writing(
        self,
        method: str,
        address: str,
        *,
        least: Role | None,
        scope: Scope,
        answers: Kind | Mapping[int, Kind],
        body: Kind | tuple[Kind, ...] | None = None,
        query: type[Any] = Nothing,
        refuses: tuple[type[ApplicationError], ...] = (),
        headers: Mapping[str, str] | None = None,
        examples: Mapping[str, object] | None = None,
        takes: tuple[Header, ...] = (),
    ) -> Decorator:
        requirement = Requirement(least, scope)
        return lambda view: self._declare(
            Route(
                self.feature,
                address,
                (method,),
                requirement,
                view,
                query,
                _path_kinds(view, address),
                answers if isinstance(answers, Mapping) else {200: answers},
                body,
                refuses,
                headers or {},
                examples or {},
                takes,
            )
        )

    def _declare(self, route: Route) -> View:
        @wraps(route.view)
        def answer(**path: str) -> Response:
            return self._answered(route, path)

        answer.declared = route  # type: ignore[attr-defined]
        self.route(route.address, methods=list(route.methods))(answer)
        return route.view

    def _answered(self, route: Route, path: Mapping[str, str]) -> Response:
        try:
            return _response(route.view(self._asked(route), **path_values(path, route.path)))
        except ApplicationError as error:
            return self._failure(error)
        except Exception:
            logger.exception("request_failed")
            return self._failure(ApplicationError("an internal error occurred"))

    def _failure(self, error: ApplicationError) -> Response:
        """The answer for *error*. Why there is no database, the platform's own people are told."""
        request = self.current_request
        is_told = error.is_told_to_callers and is_known(request)
        return failure(error, request_id_of(request), is_told=is_told)

    def _asked(self, route: Route) -> Asked[Any, Any]:
        request = self.current_request
        body = json_of(request) if route.body is not None else None
        if route.body is not None and not isinstance(route.body, tuple):
            body = bodies.read(route.body, body)
        return Asked(request, query_of(request, route.query), body)


def declared(view: View) -> Route | None:
    """The declaration of a view that Chalice knows; None where it was registered without one."""
    return getattr(view, "declared", None)


def _response(answered: object) -> Response:
    if isinstance(answered, Response):
        return answered
    if isinstance(answered, Answer):
        return json_response(answered.body, answered.status, **answered.headers)
    return json_response(answered)


def _path_kinds(view: View, address: str) -> dict[str, Kind]:
    """The kinds of the variables in *address*, as the view's arguments of that name say."""
    hints = get_type_hints(view, include_extras=True)
    return {part[1:-1]: hints[part[1:-1]] for part in address.split("/") if part.startswith("{")}


def _required_fields(kind: Any) -> list[str]:
    fields = msgspec.structs.fields(kind)
    return [field.name for field in fields if field.required]
