"""Features that exist in these tests only, from which the generator must make the right thing."""

from collections.abc import Sequence
from typing import Any

from chalicelib.feature import Feature, Function
from stack.intrinsics import Json
from stack.template import template

API = Function("api_handler", "answers", timeout_s=29)


def feature(name: str = "visits", **declared: Any) -> Feature:
    """A feature with what is *declared*."""
    return Feature(name, "Who was where.", **declared)


def service() -> Feature:
    """What belongs to no feature: the API's function."""
    return feature("service", functions=(API,))


def resources(features: Sequence[Feature]) -> Json:
    """The resources of the template that is made of *features*."""
    made: Json = template([service(), *features])["Resources"]
    return made


def policies(features: Sequence[Feature], role: str) -> list[Any]:
    """What a role may do."""
    granted: list[Any] = resources(features)[role]["Properties"]["Policies"]
    return granted


def variables(features: Sequence[Feature], function: str) -> Json:
    """The environment of a function."""
    given: Json = resources(features)[function]["Properties"]["Environment"]["Variables"]
    return given
