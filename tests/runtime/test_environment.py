"""The tests here prove something only if a container sees the package and nothing else."""

import subprocess
from ast import literal_eval
from pathlib import Path

import pytest

from lambdaenv.container import INTERPRETER, environment
from release.build import Release
from release.project import Project
from tests.runtime.conftest import StartContainer, sample
from tests.sandbox import PROJECT

# One event for each function that the template declares.
EVENTS = {
    "app.sync_after_load": "measurements_loaded",
    "app.app": "api_get_health",
    "app.record_heartbeats": "heartbeat",
    "app.record_queued_heartbeats": "heartbeat_sqs",
    "app.check_heartbeats": "schedule",
    "app.authorize": "authorizer",
    "app.follow_identities": "schedule",
    "app.provision_devices": "schedule",
    "app.load_parquet": "s3_test_event",
    "app.migrate": "migrate",
    "app.sync_device_parameters": "schedule",
}


# They see every organization, and so take no login whom the policies do not hold.
ISOLATED = {
    "app.decide_connectivity": "schedule",
    "app.register_imports": "schedule",
    "app.kinesis_consumer": "telemetry_kinesis",
    "app.store_queued_telemetry": "telemetry_sqs",
    "app.iot_rule_processor": "telemetry",
    "app.tidy_telemetry": "schedule",
}


def test_every_function_of_the_template_is_invoked_here(package: Release) -> None:
    handlers = sorted(function.handler for function in package.functions)
    assert handlers == sorted([*EVENTS, *ISOLATED])


@pytest.mark.parametrize("handler", EVENTS)
def test_a_function_answers_its_event(warm: StartContainer, handler: str) -> None:
    assert warm(handler).invoke(sample(EVENTS[handler])).kind == "response"


@pytest.mark.parametrize("handler", ISOLATED)
def test_a_function_for_all_organizations_answers_its_event(
    start: StartContainer, as_the_functions: dict[str, str], handler: str
) -> None:
    # Which address the queue of rejects has, a stack knows that is deployed: nobody is told here.
    container = start(handler, **as_the_functions, TELEMETRY_REJECTS_QUEUE="")
    assert container.invoke(sample(ISOLATED[handler])).kind == "response"


def python(root: Path, runtime: Path, code: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [*INTERPRETER, "-c", code],
        cwd=root,
        env=environment(root, runtime, "app.app", "", {}),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize(
    "module", ["pytest", "click", "rich", "cli", "devdb", "tests", "release", "pyarrow"]
)
def test_what_is_not_packaged_cannot_be_imported(
    task_root: Path, runtime: Path, module: str
) -> None:
    done = python(task_root, runtime, f"import {module}")
    assert f"No module named '{module}'" in done.stderr


def test_what_is_imported_comes_from_the_package_or_from_lambda(
    task_root: Path, runtime: Path
) -> None:
    modules = ("app", "chalice", "sqlalchemy", "alembic", "jwt", "boto3", "awslambdaric")
    done = python(
        task_root,
        runtime,
        f"import {', '.join(modules)}, sys\n"
        f"print(*(sys.modules[name].__file__ for name in {modules}), sep='\\n')\n"
        "print(*sys.path, sep='\\n')",
    )
    assert done.returncode == 0, done.stderr
    lines = [line for line in done.stdout.splitlines() if not line.startswith("{")]
    packaged, brought_along, paths = lines[:5], lines[5:7], lines[7:]
    assert all(path.startswith(str(task_root)) for path in packaged)
    assert all(path.startswith(str(runtime)) for path in brought_along)
    assert not any(path.startswith(str(PROJECT)) or "site-packages" in path for path in paths)


def test_the_versions_of_the_dependencies_can_be_read(task_root: Path, runtime: Path) -> None:
    """Only part of their metadata is packaged."""
    pins = {pin.name: str(pin.specifier) for pin in Project().requirements()}
    code = f"from importlib.metadata import version; print({{n: version(n) for n in {list(pins)}}})"
    done = python(task_root, runtime, code)
    assert done.returncode == 0, done.stderr
    assert {name: f"=={version}" for name, version in literal_eval(done.stdout).items()} == pins


def test_modules_are_loaded_from_their_bytecode(task_root: Path, runtime: Path) -> None:
    """Nothing may be compiled at run time, for nothing of it can be kept."""
    code = (
        "import app, sys\n"
        "from pathlib import Path\n"
        "cached = [m.__cached__ for m in sys.modules.values() if getattr(m, '__cached__', None)]\n"
        f"cached = [Path(path) for path in cached if path.startswith({str(task_root)!r})]\n"
        "print(len(cached), [str(path) for path in cached if not path.is_file()])\n"
    )
    done = python(task_root, runtime, code)
    count, missing = done.stdout.splitlines()[-1].split(" ", 1)
    assert int(count) > 100
    assert missing == "[]"


@pytest.mark.parametrize(
    "module",
    ["alembic", "boto3", "chalicelib.openapi.document", "cryptography", "jwt", "pyarrow"],
)
def test_starting_imports_nothing_that_only_few_calls_need(
    task_root: Path, runtime: Path, module: str
) -> None:
    done = python(task_root, runtime, f"import app, sys; print({module!r} in sys.modules)")
    assert done.stdout.splitlines()[-1] == "False", done.stderr
