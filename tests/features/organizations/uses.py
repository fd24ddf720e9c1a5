"""What the suite over all features cannot read from the declarations of organizations."""

from collections.abc import Iterator

from tests.roles.doing import request
from tests.sandbox import Sandbox


def everything(_: Sandbox) -> Iterator[str]:
    """An organization that is added, found, and suspended."""
    new = {"organizationId": "org-789", "name": "Acme"}
    yield from request("POST", "/organizations", new)
    yield from request("GET", "/organizations/org-789")
    yield from request("PATCH", "/organizations/org-789", {"status": "suspended"})


USES = {"runtime": everything}
