"""`python -m bench.coldstart`: what the first call of a new container costs.

Each sample is a fresh process of Lambda's own runtime client on the unpacked package: from its
start to the first question for an event (init), and from that event to its answer (first call).
"""

import json
import statistics
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from bench import databases, results
from chalicelib.settings import DatabaseSettings
from lambdaenv.container import INTERPRETER, Container, environment, link_runtime
from release import archive
from release.build import build
from release.chalice_package import ZIP, chalice_package
from release.project import ROOT, Project

KEPT = Path(__file__).parent / "results" / "coldstart.json"
EVENTS = ROOT / "tests" / "events"
STAGE = "prod"
TOKEN = "a-static-token"  # noqa: S105 of the sample event
SHOWN_IMPORTS = 12
# The task root is read-only in Lambda: what is not compiled when it arrives never will be.
READ_ONLY = {"PYTHONDONTWRITEBYTECODE": "1"}
SAMPLES = {
    "app.sync_device_parameters": "schedule",
    "app.app": "api_get_status",
    "app.authorize": "authorizer",
    "app.load_parquet": "s3_object_created",
}
# What reads Parquet has a benchmark of its own: `bench.layers`.
FUNCTIONS = ("app.sync_device_parameters", "app.app", "app.authorize")


@dataclass(frozen=True)
class Sample:
    """One cold start, in milliseconds of the clock and of a processor."""

    init: float
    init_cpu: float
    first_call: float
    first_call_cpu: float


@dataclass(frozen=True)
class Variant:
    """A package, unpacked."""

    name: str
    root: Path
    zipped: int
    unzipped: int
    # Where its layer is unpacked, if it has one.
    opt: Path | None = None


@dataclass(frozen=True)
class Timing:
    """Medians of one function in one variant."""

    variant: str
    handler: str
    median: Sample
    samples: list[Sample]


@click.command()
@click.option("--repeats", type=click.IntRange(min=3), default=15, show_default=True)
@click.option(
    "--also",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    multiple=True,
    help="Another package, such as an older build/prod/deployment.zip, to take turns with.",
)
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), default=KEPT)
def main(repeats: int, also: tuple[Path, ...], out: Path) -> None:
    """Measure each function's cold start REPEATS times, the variants taking turns."""
    server = databases.server_from_environment()
    with TemporaryDirectory(prefix="coldstart-") as folder, databases.scratch(server) as settings:
        variants = _variants(Path(folder), also)
        bench = Bench(Path(folder), variables_of(settings.database))
        timings = [
            timing for handler in FUNCTIONS for timing in bench.measure(variants, handler, repeats)
        ]
        imports = bench.imports(variants[-1])
    machine = results.machine_facts({}, is_embedded=server is None)
    document = {
        "machine": machine,
        "sizes": {variant.name: _sizes(variant) for variant in variants},
        "timings": [asdict(timing) for timing in timings],
        "imports_ms": imports,
    }
    out.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    _show(Console(), variants, timings, imports)


def _variants(folder: Path, also: tuple[Path, ...]) -> list[Variant]:
    others = [
        unpacked(path.parent.name, path, folder / f"also-{number}")
        for number, path in enumerate(also)
    ]
    return [*others, _as_chalice_makes_it(folder), _as_released(folder)]


def _sizes(variant: Variant) -> dict[str, int]:
    return {"zipped": variant.zipped, "unzipped": variant.unzipped}


class Bench:
    """Where the packages run."""

    def __init__(self, folder: Path, variables: dict[str, str]) -> None:
        self._folder = folder
        self._variables = variables
        self._runtime = folder / "runtime"
        self._runtime.mkdir()
        link_runtime(self._runtime)

    def measure(
        self,
        variants: list[Variant],
        handler: str,
        repeats: int,
        prepare: Callable[[], None] = lambda: None,
    ) -> Iterator[Timing]:
        """The timing of each variant.

        They take turns, so that whatever else the machine does slows all of them alike.

        *prepare* comes before each sample, and is not timed.
        """
        taken: dict[str, list[Sample]] = {variant.name: [] for variant in variants}
        # Once for the page cache.
        for turn in range(repeats + 1):
            for variant in variants:
                prepare()
                sample = self._sample(variant, handler)
                if turn:
                    taken[variant.name].append(sample)
        for name, samples in taken.items():
            yield Timing(name, handler, _median(samples), samples)

    def imports(self, variant: Variant) -> dict[str, float]:
        """What importing app.py costs, by the package whose modules take the time."""
        done = subprocess.run(  # noqa: S603 our own program, no shell
            [*INTERPRETER, "-X", "importtime", "-c", "import app"],
            cwd=variant.root,
            env=environment(variant.root, self._runtime, "app.app", "", self._variables),
            capture_output=True,
            text=True,
            check=True,
        )
        spent: Counter[str] = Counter()
        for line in done.stderr.splitlines():
            own, _, name = line.removeprefix("import time:").split("|")
            if own.strip().isdigit():
                spent[name.strip().partition(".")[0]] += int(own)
        return {name: spent[name] / 1000 for name, _ in spent.most_common(SHOWN_IMPORTS)}

    def _sample(self, variant: Variant, handler: str) -> Sample:
        event = json.loads((EVENTS / f"{SAMPLES[handler]}.json").read_text(encoding="utf-8"))
        variables = {**self._variables, **READ_ONLY}
        output = self._folder / "output"
        started = time.perf_counter()
        place = (variant.root, self._runtime, handler, variables, output, variant.opt)
        with Container(*place) as container:
            container.wait_until_started()
            ready, ready_cpu = time.perf_counter(), container.cpu_seconds()
            _require_success(container.invoke(event).result)
            answered, answered_cpu = time.perf_counter(), container.cpu_seconds()
        seconds = (ready - started, ready_cpu, answered - ready, answered_cpu - ready_cpu)
        return Sample(*(round(value * 1000, 1) for value in seconds))


def _require_success(answer: Any) -> None:
    failed = [load for load in answer.get("loads", ()) if load["status"] != "succeeded"]
    if failed or answer.get("statusCode", 200) != 200:
        raise click.ClickException(f"the function answered {answer}")


def _as_chalice_makes_it(folder: Path) -> Variant:
    out = folder / "chalice"
    out.mkdir()
    chalice_package(Project(), STAGE, out)
    return unpacked("chalice package", out / ZIP, folder / "chalice-root")


def _as_released(folder: Path) -> Variant:
    release = build(Project(), STAGE, folder / "released")
    return unpacked("make package", release.out / ZIP, folder / "released-root")


def unpacked(name: str, zipped: Path, root: Path) -> Variant:
    """The package in *zipped*, below *root*."""
    archive.unpack(zipped, root)
    return Variant(name, root, zipped.stat().st_size, sum(archive.sizes(zipped).values()))


def variables_of(settings: DatabaseSettings) -> dict[str, str]:
    """The database, and the ways in that the sample events take."""
    return {
        "API_TOKEN_SHA256": sha256(TOKEN.encode()).hexdigest(),
        "TIMESCALE_DB_HOST": str(settings.host),
        "TIMESCALE_DB_PORT": str(settings.port),
        "TIMESCALE_DB_NAME": str(settings.name),
        "TIMESCALE_DB_USER": str(settings.user),
        "TIMESCALE_DB_PASSWORD": str(settings.password),
        "TIMESCALE_DB_SSLMODE": settings.sslmode,
    }


def _median(samples: list[Sample]) -> Sample:
    names = Sample.__dataclass_fields__
    return Sample(
        **{name: statistics.median(getattr(sample, name) for sample in samples) for name in names}
    )


def _show(
    console: Console, variants: list[Variant], timings: list[Timing], imports: dict[str, float]
) -> None:
    table = Table(title="Milliseconds, clock / processor")
    for name in ("function", "package", "init", "first call"):
        table.add_column(name, justify="right" if name[-1] in "tl" else "left", no_wrap=True)
    for timing in timings:
        median = timing.median
        table.add_row(
            timing.handler.removeprefix("app."),
            timing.variant,
            f"{median.init:.0f} / {median.init_cpu:.0f}",
            f"{median.first_call:.0f} / {median.first_call_cpu:.0f}",
        )
    console.print(table)
    for variant in variants:
        console.print(
            f"{variant.name}: {variant.zipped / 1e6:.1f} MB zipped, "
            f"{variant.unzipped / 1e6:.1f} MB unpacked"
        )
    shares = ", ".join(f"{name} {spent:.0f}" for name, spent in imports.items())
    console.print(f"importing app.py, ms: {shares}", soft_wrap=True)


if __name__ == "__main__":
    main()
