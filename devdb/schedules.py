"""`make schedules`: what AWS would start each minute, on a database of one's own, until Ctrl-C."""

import os
import sys
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from sqlalchemy import Engine

from chalicelib import database, logs
from chalicelib.database import Deadline
from chalicelib.errors import ApplicationError, InvalidSettingError
from chalicelib.features.devices.certificates.feature import DEVICE_IDENTITIES, IOT_POLICY_NAME
from chalicelib.features.devices.certificates.provision import provision
from chalicelib.features.devices.connectivity.check import check, configured_rules
from chalicelib.features.devices.connectivity.feature import TRANSITION_RETENTION_DAYS
from chalicelib.features.devices.feature import MASTER
from chalicelib.features.devices.imports.carry_out import carry_out
from chalicelib.features.devices.imports.context import Importing
from chalicelib.features.devices.imports.feature import IMPORT_BUCKET, IMPORT_MAX_ROWS
from chalicelib.features.heartbeats.feature import STALE_AFTER_SECONDS
from chalicelib.features.users import identities
from chalicelib.features.users.feature import USER_POOL_ID
from chalicelib.settings import database_from_environment
from devdb import life

MINUTE_SECONDS = 60.0

Work = Callable[[Deadline], object]


def each_minute(engine: Engine, environment: Mapping[str, str]) -> dict[str, Work]:
    """The work of the registry that is configured, by what a failure of it is called."""
    work: dict[str, Work] = {
        "who is online": connectivity(engine, environment),
        "files of devices": _imports(engine, environment),
    }
    if (pool := USER_POOL_ID.value_if_set(environment)) is not None:
        work["identities"] = lambda deadline: identities.follow(engine, deadline, pool)
    if DEVICE_IDENTITIES.value(environment) == "iot":
        policy = IOT_POLICY_NAME.value(environment)
        work["things and certificates"] = lambda deadline: provision(engine, deadline, policy)
    return work


def connectivity(engine: Engine, environment: Mapping[str, str]) -> Work:
    """The check of who is online."""
    kept_days = TRANSITION_RETENTION_DAYS.value(environment)
    return lambda deadline: check(
        engine, deadline, configured_rules(), retention_days=kept_days, bus=None
    )


def _imports(engine: Engine, environment: Mapping[str, str]) -> Work:
    bucket = IMPORT_BUCKET.value_if_set(environment)
    max_rows = IMPORT_MAX_ROWS.value(environment)
    keeps_master = MASTER.value(environment) == "ours"
    return lambda deadline: carry_out(
        Importing(engine, deadline, bucket=bucket, max_rows=max_rows, keeps_master=keeps_master)
    )


def main() -> int:
    """Do the work of each minute until somebody ends it; the exit status."""
    logs.configure_plain("ERROR")
    try:
        engine = database.engine_for(database_from_environment())
        work = each_minute(engine, os.environ)
    except InvalidSettingError as error:
        print(error.message, file=sys.stderr)
        return 2
    stale_after = STALE_AFTER_SECONDS.value()
    work["silent devices"] = lambda _: life.check_silence(engine, stale_after)
    print(f"Each minute: {', '.join(work)}. Ctrl-C ends it.", flush=True)
    try:
        _go_on(work)
    except KeyboardInterrupt:
        return 0
    return 1


def _go_on(work: Mapping[str, Work]) -> None:
    while True:
        began = time.monotonic()
        do_each(work)
        time.sleep(max(0.0, MINUTE_SECONDS - (time.monotonic() - began)))


def do_each(work: Mapping[str, Work]) -> None:
    """Do all of it once, one after the other; what fails is told, and the rest goes on."""
    for name, do in work.items():
        _do(name, do)


def _do(name: str, do: Work) -> None:
    try:
        do(Deadline.after(MINUTE_SECONDS))
    except ApplicationError as error:
        now = datetime.now(UTC)
        print(f"{now:%H:%M}Z {name}: {error.code}: {error.message}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
