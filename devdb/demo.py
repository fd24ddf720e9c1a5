"""The demonstration: a day of a small fleet, synced every hour; then it lives on, and is served."""

import json
import logging
import os
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from rich.console import Console
from sqlalchemy import Engine

from chalicelib import database, logs
from chalicelib.database import Deadline
from chalicelib.features.device_parameters.bodies import Run
from chalicelib.features.device_parameters.model import BUCKET, bucket_start
from chalicelib.features.device_parameters.settings import SyncSettings, sync_settings
from chalicelib.features.heartbeats.feature import STALE_AFTER_SECONDS
from devdb import life, registry, schedules
from devdb.aws import moto_server
from devdb.connecting import exports, psql
from devdb.embedded import EmbeddedTimescale, is_prepared
from devdb.fleet import LATE_PARAMETER, Fleet
from devdb.life import RUN_AFTER, Life
from devdb.local_server import LocalServer
from devdb.ports import require_free
from devdb.seed import ROOT, prepare
from devdb.signals import end_in_order
from devdb.telemetry import STRANGER, Telemetry

HOURS = 24
# With the default of 100 pairs the guard would never show on a fleet this small, of which a device
# that is switched off is a good part.
DEMO_SETTINGS = {
    "AUTH_MODE": "none",
    "CHECK_INTERVAL_MINUTES": "60",
    "REMOVAL_GUARD_MIN_PAIRS": "20",
    "REMOVAL_GUARD_PERCENT": "50",
}
SILENT_DEVICES = frozenset({"dev-03", "dev-04"})
SILENT_FOR = timedelta(hours=20)

Happening = tuple[str, Callable[[Fleet, datetime], None]]


def run_demo(console: Console, *, is_once: bool, port: int) -> None:
    """From an empty database to a served fleet; ends at Ctrl-C, or *is_once*, by itself."""
    log_errors_only()
    require_free(port, "make demo")
    end_in_order()
    try:
        _demonstrate(console, is_once=is_once, port=port)
    except KeyboardInterrupt:
        console.print("\nStopped.")


def log_errors_only() -> None:
    """On a terminal: an error carries the last lines of a server that failed."""
    logs.configure_plain("ERROR")
    logging.getLogger("devdb").setLevel(logging.ERROR)
    # Moto's server tells of each request.
    logging.getLogger("werkzeug").setLevel(logging.ERROR)


def _demonstrate(console: Console, *, is_once: bool, port: int) -> None:
    began = time.monotonic()
    console.print(starting_line(), soft_wrap=True)
    with EmbeddedTimescale() as server, moto_server() as aws:
        environment = {**os.environ, **server.environment, **aws.environment, **DEMO_SETTINGS}
        environment |= {
            "USER_POOL_ID": aws.make_user_pool(),
            "DEVICE_IDENTITIES": "iot",
            "IOT_POLICY_NAME": aws.make_device_policy(),
        }
        # The schedules, which call AWS as well, and the function that stores telemetry live in this
        # process.
        os.environ.update({**server.environment, **aws.environment})
        configured = sync_settings(environment)
        engine = database.engine_for(configured.database)
        console.print("Making the tables, and migrating to the newest revision …")
        prepare(engine, environment)
        fleet = _live_through_a_day(console, engine, configured)
        _send_heartbeats(console, fleet)
        console.print("\nStarting `chalice local` …")
        with LocalServer(ROOT, environment, port) as local:
            console.print_json(json.dumps(local.get_json("/status")))
            registry.install(local, fleet)
            telemetry = Telemetry.of(fleet, aws)
            console.print(_begin_sending(telemetry, local), soft_wrap=True)
            # The schedule would be a minute late for whoever looks at once.
            schedules.connectivity(engine, environment)(Deadline.after(life.WORK_SECONDS))
            console.print(f"\nReady after {time.monotonic() - began:.0f} s.")
            if not is_once:
                console.print(_invitation(server, local), soft_wrap=True)
                lives = living(console, fleet, configured, datetime.now(UTC))
                telemetry.live_on(lives, console.print)
                registry.live_on(lives, engine, environment)
                _live_on(server, local, lives)
        engine.dispose()


def starting_line() -> str:
    """What the start of the embedded database does, and how long it takes."""
    if is_prepared():
        return "Starting the embedded TimescaleDB (a second or two) …"
    return "Installing and starting the embedded TimescaleDB (23 MB, about half a minute, once) …"


def _live_through_a_day(console: Console, engine: Engine, configured: SyncSettings) -> Fleet:
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
        console.print(_run_line(life.run(engine, configured, as_of), story), soft_wrap=True)
    # No run sees these readings before the next hour; whoever runs one by hand does.
    fleet.live(lived_until, now)
    return fleet


def _send_heartbeats(console: Console, fleet: Fleet) -> None:
    """Send one from every device just now, except the two that fell silent in the morning."""
    now = datetime.now(UTC)
    sent_at = {
        device_id: now - SILENT_FOR if device_id in SILENT_DEVICES else now
        for device_id in fleet.reporting
    }
    recorded = life.send_heartbeats(fleet.engine, sent_at)
    silent = len(SILENT_DEVICES)
    console.print(
        f"\n{recorded.stored} devices have sent heartbeats; {silent} of them fell silent."
    )


def _begin_sending(telemetry: Telemetry, local: LocalServer) -> str:
    """Have the fleet send by the stream, and say what became of it."""
    sent = telemetry.begin(datetime.now(UTC))
    devices = local.get_json("/telemetry/latest")["items"]
    reasons = local.get_json("/telemetry/rejects/reasons")["reasons"]
    rejected = ", ".join(f"{each['rejects']} {each['reason']}" for each in reasons)
    return "\n".join(
        [
            f"\n{len(devices)} registered devices send what they measure by a stream. It is at",
            f"{local.url}/#/telemetry, with marks where it is unusual.",
            f"The {sent} records of their day were stored already, and tell what is usual.",
            f"What is wrong is at {local.url}/#/telemetry/rejects:",
            f"{rejected.replace('_', ' ')}.",
            f"Nobody has registered {STRANGER}: do so by that id, and try again what it has sent.",
        ]
    )


def living(console: Console, fleet: Fleet, configured: SyncSettings, began_at: datetime) -> Life:
    """What the fleet goes on doing, and the runs and checks that the schedules would start."""
    lives = Life(fleet, began_at, console.print, SILENT_DEVICES)

    def run(now: datetime) -> None:
        found = life.run(fleet.engine, configured, now)
        console.print(_run_line(found, "by the schedule"), soft_wrap=True)

    def check(_: datetime) -> None:
        life.check_silence(fleet.engine, STALE_AFTER_SECONDS.value())

    lives.repeat("run", run, life.next_run)
    lives.repeat("check of heartbeats", check, life.every(life.CHECKS_EVERY))
    return lives


def _live_on(server: EmbeddedTimescale, local: LocalServer, lives: Life) -> None:
    """Until one of the servers fails, which raises, or somebody ends it."""
    while True:
        local.wait(life.STEP_SECONDS)
        server.wait(0)
        lives.step(datetime.now(UTC))


def _invitation(server: EmbeddedTimescale, local: LocalServer) -> str:
    return "\n".join(
        [
            f"\nOpen {local.url}/ in a browser, or ask {local.url}/status; Ctrl-C ends it.",
            "The fleet lives on: readings every minute, heartbeats, a run every hour. Now and then",
            "a device falls silent. To reach the database from another terminal, in this folder:\n",
            *exports({**server.environment, **DEMO_SETTINGS}),
            "",
            psql(server),
            ".venv/bin/python cli.py plan",
        ]
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
