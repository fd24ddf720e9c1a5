"""Fixtures: devices of a type that measures, and what they send."""

import pytest
from sqlalchemy import Engine

from chalicelib.features.telemetry import write
from tests.features.telemetry.sending import Sender
from tests.sandbox import Sandbox


@pytest.fixture(autouse=True)
def _another_database() -> None:
    """No plan is known of a type of an earlier test, which had the same name."""
    write.plans.clear()


@pytest.fixture
def sender(migrated: Sandbox, engine: Engine) -> Sender:
    """Two devices of one organization, one of another, and a type that all of them are of."""
    sender = Sender(migrated, engine)
    sender.add_organization("org-1")
    sender.add_organization("org-2")
    sender.add_type("sensor", temperature={"unit": "°C"}, humidity={})
    sender.add_device("dev-a")
    sender.add_device("dev-b")
    sender.add_device("dev-other", organization_id="org-2")
    return sender
