"""The loop of the requirements, device by device, over a sample of the devices."""

import random
import time
from typing import Any

from sqlalchemy import Connection

from bench.contestants import Trial, write_one_by_one
from bench.data import sql
from bench.points import Sample

LOOP_DEVICES = 100
LOOP_SECONDS = 4.0
LOOP_LEAST_DEVICES = 5


def loop(trial: Trial) -> Sample:
    """What the sampled devices cost on average, multiplied by the number of active devices.

    The sample is rolled back, so the commits that the loop would make are not even counted.
    """
    start = time.perf_counter()
    with trial.engine.connect() as connection:
        devices = connection.execute(sql.loop_devices).all()
        listed = time.perf_counter()
        # The same devices in every repetition.
        sample = random.Random(1).sample(devices, min(len(devices), LOOP_DEVICES))  # noqa: S311
        done = _sync_devices(connection, trial, sample)
        spent = time.perf_counter() - listed
        connection.rollback()
    share = done / len(devices)
    detail = {"devices_sampled": done, "seconds_sampled": spent, "share_sampled": share}
    return Sample(listed - start + spent / share, None, detail)


def _sync_devices(connection: Connection, trial: Trial, devices: list[Any]) -> int:
    """Sync *devices*, or as many as the time allows; returns how many."""
    start = time.perf_counter()
    for done, (device_id, device_name) in enumerate(devices, 1):
        _sync_device(connection, trial, device_id, device_name or device_id)
        if done >= LOOP_LEAST_DEVICES and time.perf_counter() - start > LOOP_SECONDS:
            return done
    return len(devices)


def _sync_device(connection: Connection, trial: Trial, device_id: str, device_name: str) -> None:
    device = {"device_id": device_id}
    observed = connection.execute(sql.loop_observed, {**device, **trial.raw_window})
    parameter_ids = [row.parameter_id for row in observed]
    names = {
        row.parameter_id: row.parameter_name or row.parameter_id
        for row in connection.execute(sql.loop_names, {"parameter_ids": parameter_ids})
    }
    known = set(connection.execute(sql.loop_known, device).scalars())
    added = [
        {**device, "device_name": device_name, "parameter_id": key, "parameter_name": name}
        for key, name in names.items()
        if key not in known
    ]
    removed = [{**device, "parameter_id": key} for key in known if key not in names]
    write_one_by_one(connection, added, removed)
