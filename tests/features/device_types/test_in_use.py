"""A type goes when there are no devices of it, also where one is registered at this moment."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import Any

import pytest
from sqlalchemy import Connection, Engine

from chalicelib import database
from chalicelib.audit import Actor
from chalicelib.bodies import read
from chalicelib.database import EVERY_ORGANIZATION, Deadline
from chalicelib.errors import ApplicationError, StaleVersionError
from chalicelib.features.device_types import administer
from chalicelib.features.device_types.administer import Request
from chalicelib.features.device_types.bodies import DeviceTypeChange, NewDeviceType
from chalicelib.features.device_types.metric_bodies import NewDeviceMetric
from tests.databases import connect
from tests.features.device_types.asking import code, made, path_of
from tests.people import Caller, People
from tests.waiting import IS_WAITING, wait_until

_METRICS = list[NewDeviceMetric]
DEVICE = """
INSERT INTO iot_data.devices (device_id, organization_id, device_type_id, name)
VALUES (%(id)s, %(organization)s, %(type)s, %(id)s)
"""


def values_of(device_type: dict[str, Any], organization_id: str = "org-789") -> dict[str, str]:
    """A device of that type."""
    return {"id": "dev-1", "organization": organization_id, "type": device_type["deviceTypeId"]}


def test_a_type_that_devices_are_of_stays_until_they_are_deleted(
    admin: Caller, people: People
) -> None:
    known = made(admin)
    people.sandbox.rows(DEVICE, values_of(known))
    refused = admin.ask("DELETE", path_of(known))
    assert code(refused) == (409, "DEVICE_TYPE_IN_USE")
    assert admin.get(path_of(known)).json_body == known
    people.sandbox.rows("UPDATE iot_data.devices SET lifecycle = 'deleted'")
    assert admin.ask("DELETE", path_of(known)).status_code == 200


def test_a_shared_type_stays_as_long_as_any_organization_has_such_devices(
    platform: Caller, people: People
) -> None:
    people.organization("org-1")
    shared = made(platform, isShared=True)
    people.sandbox.rows(DEVICE, values_of(shared, "org-1"))
    assert code(platform.ask("DELETE", path_of(shared))) == (409, "DEVICE_TYPE_IN_USE")


def test_a_type_in_use_may_be_changed(admin: Caller, people: People) -> None:
    known = made(admin)
    people.sandbox.rows(DEVICE, values_of(known))
    assert admin.ask("PUT", path_of(known), {"name": "renamed"}).status_code == 200


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    """Others, who ask at the same time."""
    with ThreadPoolExecutor(4) as pool:
        yield pool


def asking(version: int | None = None, organization: str = "org-789") -> Request:
    """A request for that version, or for any."""

    def require(found: int) -> None:
        if version not in (None, found):
            raise StaleVersionError("stale")

    is_of_platform = organization == EVERY_ORGANIZATION
    return Request(Actor("sub-test"), organization, is_of_platform, require)


def attempt(engine: Engine, request: Request, work: Callable[..., object], *asked: object) -> str:
    """The code of the refusal of *work*, or that it was done."""
    try:
        with database.transaction(engine, Deadline.after(30), request.organization) as connection:
            work(connection, request, *asked)
    except ApplicationError as error:
        return error.code
    return "done"


def add(connection: Connection, request: Request, number: int, metrics: list[Any]) -> None:
    asked = NewDeviceType(
        name=f"sensor-{number}", reporting_interval_seconds=1, metrics=read(_METRICS, metrics)
    )
    administer.create(connection, request, f"type-{number}", "org-789", asked)


@pytest.mark.postgresql
def test_a_device_that_is_being_registered_counts(
    admin: Caller, people: People, engine: Engine, pool: ThreadPoolExecutor
) -> None:
    known = made(admin)
    with closing(connect(people.sandbox.url)) as registering:
        registering.autocommit = False
        registering.cursor().execute(DEVICE, values_of(known))
        removal = pool.submit(attempt, engine, asking(), administer.remove, known["deviceTypeId"])
        wait_until(people.sandbox, IS_WAITING)
        registering.commit()
    assert removal.result(30) == "DEVICE_TYPE_IN_USE"


@pytest.mark.postgresql
def test_a_device_is_not_registered_with_a_type_that_is_being_removed(
    admin: Caller, people: People, engine: Engine, pool: ThreadPoolExecutor
) -> None:
    """Whoever registers it looks for its type again, once the foreign key holds it."""
    known = made(admin)
    type_id = known["deviceTypeId"]
    with closing(connect(people.sandbox.url)) as registering:
        with database.transaction(engine, Deadline.after(30), "org-789") as connection:
            administer.remove(connection, asking(), type_id)
            registered = pool.submit(registering.cursor().execute, DEVICE, values_of(known))
            wait_until(people.sandbox, IS_WAITING)
        registered.result(30)
    found = "SELECT count(*) FROM iot_data.v_device_types WHERE device_type_id = %s"
    assert people.sandbox.value(found, [type_id]) == 0


@pytest.mark.postgresql
def test_of_those_who_give_the_same_name_at_once_one_does(
    admin: Caller, people: People, engine: Engine, pool: ThreadPoolExecutor
) -> None:
    known = [made(admin, name=f"sensor-{number}")["deviceTypeId"] for number in range(4)]
    change = DeviceTypeChange(name="the-sensor")
    asked = [
        pool.submit(attempt, engine, asking(), administer.change, each, change) for each in known
    ]
    told = sorted(each.result(30) for each in asked)
    assert told == [*["DEVICE_TYPE_EXISTS"] * 3, "done"]
    names = "SELECT name FROM iot_data.device_types WHERE name = 'the-sensor'"
    assert len(people.sandbox.rows(names)) == 1


@pytest.mark.postgresql
def test_of_those_who_change_the_same_version_at_once_one_does(
    admin: Caller, people: People, engine: Engine, pool: ThreadPoolExecutor
) -> None:
    known = made(admin)["deviceTypeId"]
    asked = [
        pool.submit(attempt, engine, asking(1), administer.change, known, change)
        for change in (
            DeviceTypeChange(metrics=read(_METRICS, [{"name": f"m{number}"}]))
            for number in range(4)
        )
    ]
    assert sorted(each.result(30) for each in asked) == [*["STALE_VERSION"] * 3, "done"]
    count = "SELECT count(*) FROM iot_data.device_type_metrics"
    assert people.sandbox.value(count) == 1


@pytest.mark.postgresql
def test_those_who_name_the_same_new_parameters_do_not_block_each_other_for_good(
    people: People, engine: Engine, pool: ThreadPoolExecutor
) -> None:
    people.organization()
    metrics = [{"name": f"m{number}", "parameterId": f"p-{number}"} for number in range(20)]
    request = asking(organization=EVERY_ORGANIZATION)
    asked = [
        pool.submit(attempt, engine, request, add, number, metrics[:: (-1) ** number])
        for number in range(8)
    ]
    assert [each.result(30) for each in asked] == ["done"] * 8
    own = "SELECT sum(is_own_parameter::int) FROM iot_data.device_type_metrics"
    assert people.sandbox.value(own) == len(metrics), "each row is kept up by one type"
