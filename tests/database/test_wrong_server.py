"""A server that takes no writes is left for the one that does, and the work is repeated."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine, text

from chalicelib.database import Deadline, retry, transaction
from chalicelib.errors import DatabaseUnavailableError
from chalicelib.features.device_parameters.model import RunStatus
from tests.conftest import SyncRunner
from tests.sandbox import Sandbox

pytestmark = pytest.mark.postgresql
INSERT = text("INSERT INTO iot_data.redshift_devices (device_id) VALUES ('d')")


@pytest.fixture(autouse=True)
def _pool_of_the_wrong_server(migrated: Sandbox, engine: Engine) -> Iterator[None]:
    """The pool holds connections that take no writes, as after a failover; new ones would."""
    database = migrated.url.database
    engine.dispose()
    migrated.rows(f"ALTER DATABASE {database} SET default_transaction_read_only = on")
    try:
        with engine.connect() as one, engine.connect() as other:
            assert [one.closed, other.closed] == [False, False]
    finally:
        migrated.rows(f"ALTER DATABASE {database} RESET default_transaction_read_only")
    yield
    engine.dispose()


def insert(engine: Engine) -> None:
    with transaction(engine, Deadline.after(60)) as connection:
        connection.execute(INSERT)


def test_a_run_goes_on_at_the_server_that_takes_writes(sync: SyncRunner) -> None:
    assert sync().status is RunStatus.SUCCEEDED


def test_one_refusal_drops_every_connection_to_that_server(
    migrated: Sandbox, engine: Engine
) -> None:
    attempts: list[int] = []

    def work() -> None:
        attempts.append(1)
        insert(engine)

    retry(work, Deadline.after(60))
    assert len(attempts) == 2
    assert migrated.value("SELECT count(*) FROM iot_data.redshift_devices") == 1


def test_a_server_that_never_takes_writes_is_named_as_that(engine: Engine) -> None:
    with pytest.raises(
        DatabaseUnavailableError,
        match=r"read-only transaction; this server takes no writes: .*HOST",
    ) as caught:
        insert(engine)
    assert caught.value.details == {"sqlstate": "25006"}
