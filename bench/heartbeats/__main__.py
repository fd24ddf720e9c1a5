"""`python -m bench.heartbeats`: heartbeats a second, alone and from many writers, and silence."""

import json
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from bench import databases, results
from bench.heartbeats.batches import CONTESTANTS, measure_batches, measure_indexes
from bench.heartbeats.fleet import fleet_of
from bench.heartbeats.silence import measure_checks, measure_reads
from bench.heartbeats.writers import measure_writers

KEPT = Path(__file__).resolve().parent.parent / "results" / "heartbeats.json"


@click.command()
@click.option("--devices", type=click.IntRange(min=10_000), default=1_000_000, show_default=True)
@click.option("--repeats", type=click.IntRange(min=3), default=5, show_default=True)
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), default=KEPT)
def main(devices: int, repeats: int, out: Path) -> None:
    """Measure heartbeats of a fleet of DEVICES, on the server that is named.

    The embedded database has one backend, and shows shapes rather than speeds.
    """
    server = databases.server_from_environment()
    if server is None:
        raise click.UsageError(f"name a server in {databases.URL_VARIABLES[0]}")
    with fleet_of(server, devices) as fleet:
        found: dict[str, Any] = {
            "devices": devices,
            "batches": measure_batches(fleet, repeats),
            "writers": measure_writers(fleet),
            "read_milliseconds": measure_reads(fleet, repeats),
            "checks": measure_checks(fleet),
            "merge_writes": measure_indexes(fleet),
        }
        machine = results.machine_facts(fleet.versions(), is_embedded=False)
    out.write_text(json.dumps({"machine": machine, **found}, indent=2) + "\n", encoding="utf-8")
    console = Console()
    console.print(_table(found["batches"]))
    console.print_json(json.dumps({name: found[name] for name in list(found)[2:]}))


def _table(batches: list[dict[str, Any]]) -> Table:
    table = Table(title="Heartbeats a second (x one plain upsert, x COPY)")
    table.add_column("a batch", justify="right")
    for name in CONTESTANTS:
        table.add_column(name, justify="right")
    for batch in batches:
        taken = batch["contestants"].values()
        cells = (
            f"{found['rows_per_second']:,} ({found['times_plain_upsert']}, {found['times_copy']})"
            for found in taken
        )
        table.add_row(f"{batch['size']:,}", *cells)
    return table


if __name__ == "__main__":
    main()
