"""Requests that come at once: the second waits, and sees what the first has done."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

import pytest
from sqlalchemy import Connection, Engine

from chalicelib import database
from chalicelib.audit import Actor
from chalicelib.database import Deadline
from chalicelib.errors import InvalidRequestError, StaleVersionError
from chalicelib.features.devices import changing, deleting, registering
from chalicelib.features.devices.bodies import DeviceChange, NewDevice
from chalicelib.features.devices.context import Request
from chalicelib.features.devices.errors import DeviceExistsError, UnknownDeviceError
from chalicelib.ids import new_id
from tests.conftest import SyncRunner
from tests.features.devices.registry import TYPE, Registry
from tests.fleet import Fleet
from tests.waiting import IS_WAITING, wait_until

pytestmark = pytest.mark.postgresql
ORGANIZATION = "org-789"
Work = Callable[[Connection], object]


def request(version: int | None = None) -> Request:
    def require(there: int) -> None:
        if version not in (None, there):
            raise StaleVersionError("it has been changed")

    return Request(Actor("sub-test"), ORGANIZATION, require, keeps_master=True)


def register(connection: Connection, number: str = "SN1") -> object:
    new = NewDevice(device_type=TYPE, name="New", metadata={"serialNumber": number})
    return registering.register(
        connection, request(), new_id("dev"), ORGANIZATION, new, is_adopted=False
    )


def one_after_the_other(
    registry: Registry, engine: Engine, first: Work, second: Work
) -> Future[object]:
    """How *second* ends, which comes while *first* has not been committed."""

    def late() -> object:
        with database.transaction(engine, Deadline.after(30), ORGANIZATION) as connection:
            return second(connection)

    with ThreadPoolExecutor(1) as pool:
        with database.transaction(engine, Deadline.after(30), ORGANIZATION) as connection:
            first(connection)
            waiting = pool.submit(late)
            wait_until(registry.sandbox, IS_WAITING)
        waiting.exception(30)
    return waiting


def test_of_two_with_one_serial_number_one_is_registered(
    registry: Registry, engine: Engine
) -> None:
    second = one_after_the_other(registry, engine, register, register)
    with pytest.raises(DeviceExistsError, match="SN1"):
        second.result()
    assert registry.list()["pagination"]["totalItems"] == 1
    assert registry.sandbox.value("SELECT count(*) FROM iot_data.redshift_devices") == 1


def test_a_serial_number_that_is_taken_meanwhile_is_refused(
    registry: Registry, engine: Engine
) -> None:
    device_id = registry.register()
    change = DeviceChange(metadata={"serialNumber": "SN1"})
    second = one_after_the_other(
        registry,
        engine,
        register,
        lambda connection: changing.change(connection, request(), device_id, change),
    )
    with pytest.raises(DeviceExistsError, match="SN1"):
        second.result()


def test_a_change_of_what_is_being_deleted_finds_nothing(
    registry: Registry, engine: Engine
) -> None:
    device_id = registry.register()
    second = one_after_the_other(
        registry,
        engine,
        lambda connection: deleting.delete(connection, request(), device_id),
        lambda connection: changing.change(
            connection, request(), device_id, DeviceChange(name="Late")
        ),
    )
    with pytest.raises(UnknownDeviceError):
        second.result()
    assert registry.master(device_id) == ("Least", False)


def test_what_has_just_been_changed_is_deleted_only_if_that_was_meant(
    registry: Registry, engine: Engine
) -> None:
    device_id = registry.register()

    def rename(connection: Connection) -> object:
        return changing.change(connection, request(), device_id, DeviceChange(name="New"))

    second = one_after_the_other(
        registry,
        engine,
        rename,
        lambda connection: deleting.delete(connection, request(version=1), device_id),
    )
    with pytest.raises(StaleVersionError):
        second.result()
    assert registry.get(device_id)["name"] == "New"


def test_two_changes_of_different_fields_both_hold(registry: Registry, engine: Engine) -> None:
    device_id = registry.register()
    second = one_after_the_other(
        registry,
        engine,
        lambda connection: changing.change(
            connection, request(), device_id, DeviceChange(name="New")
        ),
        lambda connection: changing.change(
            connection, request(), device_id, DeviceChange(tags=["a"])
        ),
    )
    second.result()
    shown = registry.get(device_id)
    assert (shown["name"], shown["tags"]) == ("New", ["a"])
    assert registry.sandbox.value("SELECT version FROM iot_data.devices") == 3


def test_a_type_that_is_removed_meanwhile_has_no_new_devices(
    registry: Registry, engine: Engine
) -> None:
    def remove(_: Connection) -> None:
        registry.sandbox.rows("BEGIN")
        registry.sandbox.rows("SELECT FROM iot_data.device_types FOR UPDATE")
        registry.sandbox.rows("UPDATE iot_data.device_types SET removed_at = now()")

    def attempt() -> object:
        with database.transaction(engine, Deadline.after(30), ORGANIZATION) as connection:
            return register(connection)

    with ThreadPoolExecutor(1) as pool:
        with database.transaction(engine, Deadline.after(30), ORGANIZATION) as connection:
            remove(connection)
            waiting = pool.submit(attempt)
            wait_until(registry.sandbox, IS_WAITING)
            registry.sandbox.rows("COMMIT")
        with pytest.raises(InvalidRequestError, match=TYPE):
            waiting.result(30)


def test_a_device_that_is_deleted_while_the_sync_runs_loses_its_pairs_with_the_next_run(
    registry: Registry, sync: SyncRunner, engine: Engine
) -> None:
    """The sync locks nothing of devices, and a deletion nothing of the sync."""
    device_id = registry.register(name="Meter")
    fleet = Fleet(registry.sandbox)
    fleet.add_parameter("p", "P")
    fleet.report(device_id, "p", registry.sandbox.now())
    with database.transaction(engine, Deadline.after(30), ORGANIZATION) as connection:
        deleting.delete(connection, request(), device_id)
        sync()
        assert fleet.keys() == [(device_id, "p")]
    sync()
    assert fleet.keys() == []


def test_a_renamed_device_has_renamed_pairs_after_the_next_run(
    registry: Registry, sync: SyncRunner
) -> None:
    device_id = registry.register(name="Meter")
    fleet = Fleet(registry.sandbox)
    fleet.add_parameter("p", "P")
    fleet.report(device_id, "p", registry.sandbox.now())
    sync()
    registry.change(device_id, name="Renamed")
    sync()
    assert fleet.known_pairs() == [(device_id, "Renamed", "p", "P")]
