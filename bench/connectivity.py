"""`python -m bench.connectivity`: the minute's check of who is online, at a million devices."""

import json
import os
import statistics
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from bench import databases, results
from bench.connectivity_fleet import MINUTE, SLOTS, Fleet, Taken, versions
from bench.devices import as_role, held_by_policies
from chalicelib.database import engine_for

KEPT = Path(__file__).resolve().parent / "results" / "connectivity.json"
_SILENT = """
UPDATE iot_data.device_presence
SET last_seen_at = CAST(:at AS timestamptz) - interval '30 seconds'
WHERE device_id IN (SELECT device_id FROM iot_data.devices ORDER BY device_id LIMIT :count)
"""
_RETURN = """
INSERT INTO iot_data.timescale_measurements (time, device_id, parameter_id, value)
SELECT :at, device_id, 'parameter-0', 1 FROM iot_data.devices WHERE connectivity = 'offline'
"""
# As if every device had reported when it was its turn.
_FRESH = f"""
UPDATE iot_data.device_presence
SET last_seen_at = CAST(:at AS timestamptz)
    - make_interval(mins => CAST(CAST(right(device_id, 18) AS bigint) % {SLOTS} AS integer));
UPDATE iot_data.connectivity_checkpoint SET newest_reading_at = :at
"""  # noqa: S608 a constant
# The least that can be done: what is new, read once, and written into the same rows.
_READ = """
SELECT count(*) FROM (
    SELECT device_id, max(time)
    FROM iot_data.timescale_measurements
    WHERE time > :since AND time <= :until
    GROUP BY device_id
) AS heard
"""
_WRITE = """
UPDATE iot_data.device_presence AS presence
SET last_seen_at = heard.heard_at + interval '1 second'
FROM (
    SELECT device_id, max(time) AS heard_at
    FROM iot_data.timescale_measurements
    WHERE time > :since AND time <= :until
    GROUP BY device_id
) AS heard
WHERE presence.device_id = heard.device_id
"""
_SCAN = "SELECT count(*) FROM iot_data.device_presence WHERE last_seen_at <= :since"
# What ten thousand transitions rewrite, with all indexes.
_REWRITE = """
UPDATE iot_data.devices SET connectivity = 'offline', connectivity_since = now()
WHERE device_id IN (
    SELECT device_id FROM iot_data.device_presence ORDER BY hashtext(device_id) LIMIT 10000
)
"""


@click.command()
@click.option("--devices", type=click.IntRange(min=10_000), default=1_000_000, show_default=True)
@click.option("--metrics", type=click.IntRange(min=1), default=3, show_default=True)
@click.option("--minutes", type=click.IntRange(min=2), default=5, show_default=True)
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), default=KEPT)
def main(devices: int, metrics: int, minutes: int, out: Path) -> None:
    """Measure the check of DEVICES devices, each of which reports METRICS metrics in 15 minutes."""
    server = databases.server_from_environment()
    if server is None:
        raise click.UsageError(f"name a server in {databases.URL_VARIABLES[0]}")
    with databases.scratch(server) as settings:
        start = datetime.now(UTC).replace(hour=12, minute=0, second=0, microsecond=0)
        owner, checking = settings.database, as_role(settings).database
        fleet = Fleet(owner, checking, devices, metrics, start)
        fleet.fill()
        with held_by_policies(engine_for(owner)):
            found = {"devices": devices, "metrics": metrics, **measure(fleet, minutes)}
        machine = results.machine_facts(versions(engine_for(owner)), is_embedded=False)
    out.write_text(json.dumps({"machine": machine, **found}, indent=2) + "\n", encoding="utf-8")
    Console().print_json(json.dumps(found))


def measure(fleet: Fleet, minutes: int) -> dict[str, Any]:
    """Every kind of minute, in the order in which a fleet may live through them."""
    ordinary = (
        ("nobody is heard of", (fleet.check() for _ in range(minutes))),
        ("a fifteenth is heard of", _steady(fleet, minutes)),
        ("a sixtieth is heard of", _steady(fleet, minutes, among=4)),
    )
    checks = dict(_each(ordinary))
    floors = _floors(fleet, minutes)
    checks |= _each((name, iter([check()])) for name, check in _rare(fleet))
    checks |= _each(_outage(fleet, minutes))
    return {"checks": checks, "floors": floors}


def _each(
    kinds: Iterable[tuple[str, Iterator[dict[str, Any]]]],
) -> Iterator[tuple[str, dict[str, Any]]]:
    for name, found in kinds:
        taken = _summed_up(list(found))
        click.echo(f"{taken['seconds']:>7} {taken['cpu_seconds']:>7} {taken['load']:>5}  {name}")
        yield name, taken


def _steady(fleet: Fleet, minutes: int, *, among: int = 1) -> Iterator[dict[str, Any]]:
    """Those report whose turn it is: who has reported the longest time ago."""
    for _ in range(minutes):
        fleet.report(-_minute(fleet) - 1, fleet.now + MINUTE, among=among)
        yield fleet.check()


def _minute(fleet: Fleet) -> int:
    return int(fleet.now.timestamp() // 60) % SLOTS


def _rare(fleet: Fleet) -> Iterator[tuple[str, Callable[[], dict[str, Any]]]]:
    """Many transitions at once, each of them real."""
    fleet.run(
        _SILENT,
        at=fleet.now - 3 * SLOTS * MINUTE + MINUTE,
        count=fleet.devices // 10,
    )
    fleet.settle()
    fleet.report(0, fleet.now + MINUTE)
    yield "a tenth falls silent", fleet.check
    fleet.run(_RETURN, at=fleet.now + MINUTE / 2)
    fleet.report(1, fleet.now + MINUTE)
    fleet.settle()
    yield "the tenth comes back", fleet.check
    fleet.run("UPDATE iot_data.connectivity_checkpoint SET decided_at = NULL")
    yield "all are decided of anew", fleet.check


def _outage(fleet: Fleet, minutes: int) -> Iterator[tuple[str, Iterator[dict[str, Any]]]]:
    """Nothing is heard of anybody any more, until all are held; then readings come back."""
    fleet.run(_FRESH, at=fleet.now)
    fleet.settle()
    fleet.check(minutes=2 * SLOTS)
    # Each minute, a fifteenth of the devices and a fifth of the organizations.
    yield "nothing comes in, and fleets are held", (fleet.check() for _ in range(minutes))
    yield "nothing comes in, and all are held", (fleet.check() for _ in range(minutes))
    yield "readings come back", _steady(fleet, minutes)


def _floors(fleet: Fleet, minutes: int) -> dict[str, Any]:
    span = {"since": fleet.now - MINUTE, "until": fleet.now + MINUTE}
    fleet.report(0, fleet.now)
    floors = {
        "what a minute brings, read": (_READ, span),
        "the same, and written": (_WRITE, span),
        "presence, read": (_SCAN, {"since": fleet.now}),
        "ten thousand devices, rewritten": (_REWRITE, {}),
    }
    return {
        name: _median([fleet.floor(statement, **values) for _ in range(minutes)])
        for name, (statement, values) in floors.items()
    }


def _median(found: list[Taken]) -> dict[str, float]:
    return {
        "seconds": round(statistics.median(one.seconds for one in found), 2),
        "cpu_seconds": round(statistics.median(one.cpu_seconds for one in found), 2),
    }


def _summed_up(found: list[dict[str, Any]]) -> dict[str, Any]:
    """The check of median length, with the load that the machine had."""
    middle = sorted(found, key=lambda one: one["seconds"])[len(found) // 2]
    cpu = round(statistics.median(one["cpu_seconds"] for one in found), 2)
    every = [one["seconds"] for one in found]
    return {**middle, "cpu_seconds": cpu, "every": every, "load": round(os.getloadavg()[0], 1)}


if __name__ == "__main__":
    main()
