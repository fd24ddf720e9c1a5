"""All that is declared: for the application as a whole, then feature by feature."""

from collections.abc import Sequence
from dataclasses import replace

from chalicelib.feature import Feature, Function
from chalicelib.features import FEATURES
from chalicelib.service.feature import SERVICE

Declared = Sequence[Feature]
DECLARED: Declared = (SERVICE, *FEATURES)
# As Chalice names packages, stages, and functions without a stack.
APP = "device-parameters"
# Chalice's own name for the function that answers all routes.
API = "api_handler"


def functions(declared: Declared) -> list[Function]:
    """Every function; the API's with what the routes of all features need."""
    return [
        _for_all_routes(function, declared) if function.name == API else function
        for feature in declared
        for function in feature.functions
    ]


def title(feature: Feature) -> str:
    """The feature's name as a heading."""
    return feature.name.replace("_", " ").capitalize()


def _for_all_routes(api: Function, declared: Declared) -> Function:
    variables = dict(api.variables)
    for feature in declared:
        variables |= feature.api_variables
    needed = (permission for feature in declared for permission in feature.api_may)
    return replace(api, may=(*api.may, *needed), variables=variables)
