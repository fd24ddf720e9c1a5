"""`python -m bench.layers`: what Arrow costs a new container, by what is in its layer.

Each sample is a container as in `bench.coldstart`, which loads one small file from moto's S3.
"""

import json
import logging
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from io import BytesIO
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory

import boto3
import click
import pyarrow as pa
import pyarrow.parquet as pq
from moto.server import ThreadedMotoServer
from rich.console import Console
from rich.table import Table

from bench import databases, results
from bench.coldstart import EVENTS, SAMPLES, STAGE, Bench, Timing, unpacked, variables_of
from release import archive, bytecode
from release.build import build
from release.chalice_package import ZIP
from release.layer import build as layers
from release.layer import wheel
from release.project import Project

KEPT = Path(__file__).parent / "results" / "layers.json"
HANDLER = "app.load_parquet"
_EVENT = json.loads((EVENTS / f"{SAMPLES[HANDLER]}.json").read_text(encoding="utf-8"))["detail"]
_BUCKET, _KEY = _EVENT["bucket"]["name"], _EVENT["object"]["key"]
_ROWS = 200
_NOBODY = {"aws_access_key_id": "testing", "aws_secret_access_key": "testing"}
# What AWS's managed layer holds that bears on a cold start, as PyPI has it. Its own build of
# Arrow is smaller; it leaves out codecs that files may come in, zstd among them.
MANAGED = ("awswrangler==3.17.1", "pyarrow==24.0.0")
# Lambda's runtime has these; the managed layer leaves them out as well.
_BROUGHT_ALONG = ("boto3", "botocore", "s3transfer", "urllib3", "jmespath", "bin")


@dataclass(frozen=True)
class Opt:
    """A layer, unpacked."""

    name: str
    root: Path
    zipped: int
    unzipped: int


@click.command()
@click.option("--repeats", type=click.IntRange(min=3), default=15, show_default=True)
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), default=KEPT)
def main(repeats: int, out: Path) -> None:
    """Measure the loader's cold start REPEATS times with each layer, taking turns."""
    server = databases.server_from_environment()
    with TemporaryDirectory(prefix="layers-") as made, databases.scratch(server) as settings:
        folder = Path(made)
        release = build(Project(), STAGE, folder / "released")
        package = unpacked("package", release.out / ZIP, folder / "root")
        opts = [_slim(release.out, folder), *_others(folder)]
        variants = [replace(package, name=opt.name, opt=opt.root) for opt in opts]
        with _s3() as endpoint:
            place = {**variables_of(settings.database), "AWS_ENDPOINT_URL": endpoint}
            new_file = _new_file(endpoint)
            timings = list(Bench(folder, place).measure(variants, HANDLER, repeats, new_file))
    _write(out, results.machine_facts({}, is_embedded=server is None), opts, timings)
    _show(Console(), opts, timings)


def _slim(out: Path, folder: Path) -> Opt:
    return _packed("slim", out / layers.ZIP, folder / "slim")


def _others(folder: Path) -> list[Opt]:
    found = [_whole(folder), _managed(folder)]
    stripped = _stripped(folder) if shutil.which("strip") else None
    return [*([stripped] if stripped else []), *found]


def _stripped(folder: Path) -> Opt:
    """The slim one without the names that only debuggers and tracebacks of C++ read."""
    root = folder / "stripped"
    shutil.copytree(folder / "slim", root)
    libraries = [str(path) for path in root.rglob("*.so*")]
    subprocess.run(["strip", "--strip-unneeded", *libraries], check=True)  # noqa: S603, S607
    return _repacked("slim, stripped", root)


def _whole(folder: Path) -> Opt:
    """The wheel as it is, compiled."""
    root = folder / "whole"
    fetched = wheel.fetch(Project().layer_requirement(), folder / "wheels")
    archive.unpack(fetched.path, root / layers.FOLDER)
    bytecode.compile_below(root / layers.FOLDER, layers.PLACE)
    return _repacked("whole wheel", root)


def _managed(folder: Path) -> Opt:
    """As its build leaves it: no tests, and no bytecode."""
    root = folder / "managed"
    target = root / layers.FOLDER
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-compile", "--target"]
    subprocess.run([*pip, str(target), *MANAGED], check=True)  # noqa: S603
    for path in sorted(target.rglob("tests")):
        shutil.rmtree(path, ignore_errors=True)
    for name in _BROUGHT_ALONG:
        for path in target.glob(f"{name}*"):
            shutil.rmtree(path)
    return _repacked("like AWS's managed layer", root)


def _repacked(name: str, root: Path) -> Opt:
    zipped = root.with_suffix(".zip")
    archive.pack(root, zipped)
    return Opt(name, root, zipped.stat().st_size, sum(archive.sizes(zipped).values()))


def _packed(name: str, zipped: Path, root: Path) -> Opt:
    archive.unpack(zipped, root)
    return Opt(name, root, zipped.stat().st_size, sum(archive.sizes(zipped).values()))


@contextmanager
def _s3() -> Iterator[str]:
    """The address of an S3 that is empty."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        yield "http://{}:{}".format(*server.get_host_and_port())
    finally:
        server.stop()


def _new_file(endpoint: str) -> Callable[[], None]:
    """A function that puts a new file each time, because no file is loaded twice."""
    s3 = boto3.client("s3", endpoint_url=endpoint, region_name="us-east-1", **_NOBODY)
    s3.create_bucket(Bucket=_BUCKET)
    numbers = count()

    def put() -> None:
        file = BytesIO()
        pq.write_table(_readings(float(next(numbers))), file)
        s3.put_object(Bucket=_BUCKET, Key=_KEY, Body=file.getvalue())

    return put


def _readings(value: float) -> pa.Table:
    start = datetime(2026, 11, 1, tzinfo=UTC)
    texts = {
        "region": "SE",
        "unit": "MW",
        "energy_source": "hydro",
        "measurement_type": "power",
        "quality_flag": "good",
    }
    return pa.table(
        {
            "timestamp": [start + timedelta(hours=hour) for hour in range(_ROWS)],
            "value": [value] * _ROWS,
            **{name: [text] * _ROWS for name, text in texts.items()},
        }
    )


def _write(out: Path, machine: object, opts: list[Opt], timings: list[Timing]) -> None:
    document = {
        "machine": machine,
        "rows": _ROWS,
        "sizes": {opt.name: {"zipped": opt.zipped, "unzipped": opt.unzipped} for opt in opts},
        "timings": [asdict(timing) for timing in timings],
    }
    out.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")


def _show(console: Console, opts: list[Opt], timings: list[Timing]) -> None:
    table = Table(title="A cold start of load_parquet: milliseconds, clock / processor")
    for name in ("layer", "MB zipped", "MB unpacked", "init", "first call"):
        table.add_column(name, justify="left" if name == "layer" else "right", no_wrap=True)
    for opt, timing in zip(opts, timings, strict=True):
        median = timing.median
        table.add_row(
            opt.name,
            f"{opt.zipped / 1e6:.1f}",
            f"{opt.unzipped / 1e6:.1f}",
            f"{median.init:.0f} / {median.init_cpu:.0f}",
            f"{median.first_call:.0f} / {median.first_call_cpu:.0f}",
        )
    console.print(table)


if __name__ == "__main__":
    main()
