"""Everything the loads do to their database, each thing once."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from chalicelib.database import Deadline, engine_for
from chalicelib.errors import ApplicationError
from chalicelib.features.parquet_loads.load import LoadContext, load
from chalicelib.features.parquet_loads.model import LoadStatus, Location
from chalicelib.features.parquet_loads.settings import LoadSettings
from chalicelib.features.parquet_loads.sources import location_of
from chalicelib.outbox import gateway, send
from chalicelib.settings import database_from_environment
from tests.aws import moto_server
from tests.features.parquet_loads.drop import Drop
from tests.sandbox import Sandbox

DATASETS = ("generation", "measurements")


def complaints(sandbox: Sandbox, root: Path) -> Iterator[str]:
    """Whatever goes wrong when files come, overlap, change, and are announced."""
    sandbox.empty()
    with pytest.MonkeyPatch.context() as patch, moto_server() as aws:
        patch.setattr(send, "ATTEMPTS", 1)
        for name, value in aws.environment.items():
            patch.setenv(name, value)
        engine = engine_for(database_from_environment())
        for dataset in DATASETS:
            yield from _life_of(Drop(root, dataset), engine)
        if sandbox.value("SELECT count(*) FROM iot_data.outbox_events"):
            yield "permission denied: an announcement was not sent"
        patch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
        gateway.client.cache_clear()
        yield from _load(engine, Drop(root, "measurements").put("late", [(9, "x", 1.0)], 9))
        if not sandbox.value("SELECT sum(attempt_count) FROM iot_data.outbox_events"):
            yield "permission denied: the reason was not written down"


def _life_of(drop: Drop, engine: Engine) -> Iterator[str]:
    """Added, displaced by a newer object, corrected, withdrawn, and wanted again."""
    for name, readings, minute in (
        ("first", [(0, "x", 1.0), (1, "x", 2.0)], 0),
        ("newer", [(0, "x", 3.0), (2, "x", 4.0)], 1),
        ("older", [(2, "x", 5.0)], 0),
        ("first", [(1, "x", 6.0)], 2),
        ("newer", [(3, "x", 7.0)], 3),
    ):
        yield from _load(engine, drop.put(name, readings, minute))
    drop.path("broken").write_bytes(b"no Parquet")
    yield from _load(engine, location_of(str(drop.path("broken"))), LoadStatus.FAILED)


def _load(
    engine: Engine, location: Location, expected: LoadStatus = LoadStatus.SUCCEEDED
) -> Iterator[str]:
    context = LoadContext(engine, LoadSettings(10, None), "default", Deadline.after(60))
    try:
        ended = load(context, location)
    except ApplicationError as error:
        yield error.message
        return
    if ended.status is not expected:
        yield ended.error.message if ended.error else ended.status
