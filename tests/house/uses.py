"""What the suite cannot read from declarations, and each feature's tests tell in their `uses.py`.

`USES` has by database role a function that does, as that role, each thing that the feature does to
its database, and says what went wrong. `NEVER_MADE` has calls of AWS that the imports of a function
reach although it never makes them, with the reason.
"""

from collections.abc import Callable, Iterator, Mapping
from importlib import import_module
from importlib.util import find_spec
from types import ModuleType

from chalicelib.features import FEATURES
from tests.sandbox import Sandbox

Complaints = Iterator[str]
Use = Callable[[Sandbox], Complaints]
_OF_THE_SERVICE = {
    ("authorize", "secretsmanager.get_secret_value"): "it checks tokens, and asks no database",
}


def uses(role: str) -> dict[str, Use]:
    """By feature, what is done as *role*."""
    told = {name: module.USES for name, module in _modules().items() if hasattr(module, "USES")}
    return {name: by_role[role] for name, by_role in told.items() if role in by_role}


def never_made() -> Mapping[tuple[str, str], str]:
    """By function and call, why it is never made."""
    reasons = dict(_OF_THE_SERVICE)
    for module in _modules().values():
        reasons |= getattr(module, "NEVER_MADE", {})
    return reasons


def _modules() -> dict[str, ModuleType]:
    names = {feature.name: f"tests.features.{feature.name}.uses" for feature in FEATURES}
    return {feature: import_module(name) for feature, name in names.items() if find_spec(name)}
