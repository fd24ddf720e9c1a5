"""The demonstration: a day of a small fleet, synced every hour, then `GET /status` served."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from rich.console import Console
from sqlalchemy import Engine

from chalicelib import database, logs
from chalicelib.database import Deadline
from chalicelib.features.device_parameters.bodies import Run
from chalicelib.features.device_parameters.context import Sync
from chalicelib.features.device_parameters.model import BUCKET, SyncRequest, Trigger, bucket_start
from chalicelib.features.device_parameters.settings import SyncSettings, sync_settings
from chalicelib.features.device_parameters.sync import sync
from chalicelib.features.heartbeats.batch import read_batch
from chalicelib.features.heartbeats.record import record
from devdb.embedded import EmbeddedTimescale
from devdb.fleet import LATE_PARAMETER, Fleet
from devdb.local_server import LocalServer

ROOT = Path(__file__).resolve().parent.parent
HOURS = 24
RUN_AFTER = timedelta(minutes=5)
# With the default of 100 pairs the guard would never show on a fleet this small.
DEMO_SETTINGS = {
    "AUTH_MODE": "none",
    "CHECK_INTERVAL_MINUTES": "60",
    "REMOVAL_GUARD_MIN_PAIRS": "20",
    # No heartbeats are sent while the page is looked at.
    "STALE_AFTER_SECONDS": "3600",
}
RUN_SECONDS = 120.0
SILENT_DEVICES = (3, 4)
SILENT_FOR = timedelta(hours=20)

Happening = tuple[str, Callable[[Fleet, datetime], None]]


def run_demo(console: Console, *, is_once: bool, port: int) -> None:
    """From an empty database to a served status page; ends at Ctrl-C, or *is_once*, by itself."""
    logs.configure_plain("ERROR")
    console.print("Starting the embedded TimescaleDB (the first start takes half a minute) …")
    try:
        with EmbeddedTimescale() as server:
            environment = {**os.environ, **server.environment, **DEMO_SETTINGS}
            configured = sync_settings(environment)
            engine = database.engine_for(configured.database)
            _prepare(console, engine, environment)
            _live_through_a_day(console, engine, configured)
            _send_heartbeats(console, engine)
            engine.dispose()
            _serve_status(console, environment, port, is_once=is_once)
    except KeyboardInterrupt:
        console.print("\nStopped.")


def _prepare(console: Console, engine: Engine, environment: dict[str, str]) -> None:
    with engine.begin() as connection:
        connection.exec_driver_sql((ROOT / "devdb" / "sources.sql").read_text(encoding="utf-8"))
    console.print("Migrating to the newest revision …")
    command = [sys.executable, "-m", "alembic", "upgrade", "head"]
    subprocess.run(command, cwd=ROOT, env=environment, check=True, stderr=subprocess.DEVNULL)


def _live_through_a_day(console: Console, engine: Engine, configured: SyncSettings) -> None:
    now = datetime.now(UTC)
    first_hour = bucket_start(now) - HOURS * BUCKET
    console.print(f"\nA day of a small fleet from {first_hour:%Y-%m-%d %H:%MZ}, synced hourly:\n")
    console.print(_HEADINGS, style="bold", soft_wrap=True)
    fleet = Fleet(engine)
    fleet.install()
    lived_until = first_hour - BUCKET
    for hour in range(HOURS + 1):
        as_of = min(first_hour + hour * BUCKET + RUN_AFTER, now)
        story, happen = _HAPPENINGS.get(hour, _NOTHING)
        happen(fleet, first_hour + hour * BUCKET)
        fleet.live(lived_until, as_of)
        lived_until = as_of
        context = Sync(engine, configured, Deadline.after(RUN_SECONDS))
        run = sync(context, SyncRequest(Trigger.SCHEDULE, as_of=as_of))
        console.print(_run_line(run, story), highlight=False, soft_wrap=True)


def _send_heartbeats(console: Console, engine: Engine) -> None:
    """Send one from every device just now, except the two that fell silent in the morning."""
    now = datetime.now(UTC)
    heartbeats = [
        {
            "device_id": f"dev-{number:02}",
            "site_id": "north" if number % 2 else "south",
            "status": "ready",
            "cpu_pct": 10.0 + number,
            "ts": (now - SILENT_FOR if number in SILENT_DEVICES else now).isoformat(),
        }
        for number in range(1, 14)
    ]
    recorded = record(engine, Deadline.after(RUN_SECONDS), read_batch({"devices": heartbeats}))
    silent = len(SILENT_DEVICES)
    console.print(
        f"\n{recorded.stored} devices have sent heartbeats; {silent} of them fell silent."
    )


_HEADINGS = " run at  added removed renamed held unresolved observed  what happened before it"


def _run_line(run: Run, story: str) -> str:
    deltas = run.deltas
    counts = (
        f"{deltas.added:>6}{deltas.removed:>8}{deltas.renamed:>8}{deltas.held:>5}"
        f"{deltas.unresolved:>11}{deltas.observed:>9}"
    )
    return f" {run.as_of:%H:%M}Z {counts}  {story}"


def _learn_to_vibrate(fleet: Fleet, _: datetime) -> None:
    fleet.reporting["dev-01"].add(LATE_PARAMETER[0])


def _late_and_too_late(fleet: Fleet, hour: datetime) -> None:
    fleet.report("dev-03", hour - timedelta(minutes=50))
    fleet.report("dev-04", hour - timedelta(hours=6))


def _set_ingestion(*, is_up: bool) -> Callable[[Fleet, datetime], None]:
    def switch(fleet: Fleet, _: datetime) -> None:
        fleet.is_ingesting = is_up

    return switch


_NOTHING: Happening = ("", lambda fleet, hour: None)
_HAPPENINGS: dict[int, Happening] = {
    0: ("twelve devices report for the first time", lambda fleet, hour: None),
    2: ("dev-13 is installed", lambda fleet, _: fleet.add_device("dev-13", "Lobby")),
    4: ("dev-03 and dev-04 go silent", lambda fleet, _: _silence(fleet, "dev-03", "dev-04")),
    7: ("dev-07 is switched off", lambda fleet, _: fleet.switch("dev-07", is_on=False)),
    9: ("dev-02 is renamed", lambda fleet, _: fleet.rename("dev-02", "Meeting room")),
    11: ("late readings: dev-03's still count, dev-04's are too old", _late_and_too_late),
    13: (
        "dev-04 reports from next week: no evidence of life",
        lambda fleet, hour: fleet.report("dev-04", hour + timedelta(days=7)),
    ),
    14: ("ingestion breaks down: the guard holds the removals", _set_ingestion(is_up=False)),
    15: ("… still down", lambda fleet, hour: None),
    16: ("readings are back", _set_ingestion(is_up=True)),
    18: ("dev-01 reports vibration, which the dictionary lacks", _learn_to_vibrate),
    20: (
        "vibration is entered into the dictionary",
        lambda fleet, _: fleet.describe(*LATE_PARAMETER),
    ),
    22: ("dev-07 is switched on again", lambda fleet, _: fleet.switch("dev-07", is_on=True)),
}


def _silence(fleet: Fleet, *device_ids: str) -> None:
    for device_id in device_ids:
        fleet.reporting[device_id].clear()


def _serve_status(
    console: Console, environment: dict[str, str], port: int, *, is_once: bool
) -> None:
    console.print("\nStarting `chalice local` …")
    with LocalServer(ROOT, environment, port) as server:
        console.print_json(json.dumps(server.get_json("/status")))
        if is_once:
            return
        console.print(
            f"\nOpen {server.url}/ in a browser, or ask {server.url}/status; Ctrl-C ends it."
        )
        server.wait()
