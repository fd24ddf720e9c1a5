"""Fixtures: an organization that registers devices."""

import pytest

from tests.features.devices.registry import Registry, add_type
from tests.people import People


@pytest.fixture
def registry(people: People) -> Registry:
    """An organization with an operator and an admin, another one, and a type that is shared."""
    people.organization()
    people.organization("org-other")
    add_type(people.sandbox)
    return Registry(
        people, people.user("operator", role="operator"), people.user("admin", role="admin")
    )
