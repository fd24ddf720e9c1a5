"""Fixtures: an organization that has types of devices, and whoever writes those of all."""

import pytest

from tests.people import Caller, People


@pytest.fixture
def admin(people: People) -> Caller:
    """The admin of an organization."""
    people.organization()
    return people.user("boss", role="admin")


@pytest.fixture
def platform(people: People) -> Caller:
    """One of the platform's own people."""
    return people.platform()
