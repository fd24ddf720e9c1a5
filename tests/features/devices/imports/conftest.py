"""Fixtures: an organization that has files of devices registered."""

import pytest

from tests.features.devices.imports.desk import Desk
from tests.features.devices.registry import Registry


@pytest.fixture
def desk(registry: Registry) -> Desk:
    """An organization with an admin, who asks for imports; no bucket."""
    return Desk(registry)
