"""How a route is asked for what belongs to another organization.

Every feature whose routes are for organizations says so in `PROBES` of its `tests/…/uses.py`, by
the name of the route. A route without an entry fails the suite, which names it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from chalicelib.features import FEATURES
from tests.sandbox import Sandbox

# Puts something of an organization into the database, and returns its id.
Make = Callable[[Sandbox, str], str]


@dataclass(frozen=True)
class Probe:
    """A request that names a thing by *variable*, of the path, of the query or of the body.

    *target* is the path with the query; it, or *body*, has `{id}` where the id goes. *make* makes
    such a thing, of an organization; *missing* is the id of one that is not there. *status* is how
    that is answered: by 200 where the id is a filter, or one of several things that are sent.
    """

    variable: str
    target: str
    make: Make
    missing: str
    body: Any = None
    status: int = 404


@dataclass(frozen=True)
class Probes:
    """All requests of a route that name something; *why_none* is why there are none.

    *why_repeatable* is why a request that changes something can be sent again without a key.

    *of_platform* has, by the name of a field, a body that nobody may send who is not of the
    platform, whatever the field names.
    """

    probes: tuple[Probe, ...] = field(default=())
    why_none: str = ""
    why_repeatable: str = ""
    of_platform: Mapping[str, Any] = field(default_factory=dict)


def all_probes() -> Mapping[str, Probes]:
    """The probes of all features, by the name of the route."""
    found: dict[str, Probes] = {
        "get_me": Probes(why_none="it names nothing, and shows the caller only"),
        "list_audit_entries": Probes(
            (
                Probe(
                    "organization_id",
                    "/audit?organization_id={id}",
                    lambda _, organization_id: organization_id,
                    "org-missing",
                ),
            )
        ),
        "get_document": Probes(why_none="it names nothing, and is the same for everybody"),
    }
    for feature in FEATURES:
        name = f"tests.features.{feature.name}.uses"
        if find_spec(name):
            found |= getattr(import_module(name), "PROBES", {})
    return found
