"""The template that is deployed: the functions it declares, and what its linter finds."""

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from release.errors import ReleaseRefusedError

_FUNCTION = "AWS::Serverless::Function"
_LAYER = "AWS::Serverless::LayerVersion"
# The bit for errors in cfn-lint's exit code. The other bits are for warnings and remarks.
_LINT_ERRORS = 2


@dataclass(frozen=True)
class PackagedFunction:
    """A Lambda function as the template declares it."""

    name: str
    handler: str
    runtime: str
    memory_mb: int
    timeout_seconds: int
    # The layers that it finds beside its package, by the names of their zips.
    layers: tuple[str, ...] = ()


def functions(template: Path) -> list[PackagedFunction]:
    """The functions of *template*, by name."""
    read = json.loads(template.read_text(encoding="utf-8"))
    layers = _of_type(read, _LAYER)
    return [
        PackagedFunction(
            name=name,
            handler=given["Handler"],
            runtime=given["Runtime"],
            memory_mb=given["MemorySize"],
            timeout_seconds=given["Timeout"],
            layers=tuple(_zip(layers[layer["Ref"]]) for layer in given.get("Layers", ())),
        )
        for name, given in _of_type(read, _FUNCTION).items()
    ]


def say_what_layers_run_on(template: Path, runtime: str) -> None:
    """Write *runtime* into *template*: the layers are compiled for one Python, known only now."""
    read = json.loads(template.read_text(encoding="utf-8"))
    for layer in _of_type(read, _LAYER).values():
        layer["CompatibleRuntimes"] = [runtime]
    template.write_text(json.dumps(read, indent=2), encoding="utf-8")


def _of_type(template: dict[str, Any], kind: str) -> dict[str, dict[str, Any]]:
    """The properties of each resource of *kind*, by name."""
    return {
        name: resource["Properties"]
        for name, resource in sorted(template["Resources"].items())
        if resource["Type"] == kind
    }


def _zip(layer: dict[str, Any]) -> str:
    return PurePosixPath(layer["ContentUri"]).name


def lint(template: Path, region: str) -> list[str]:
    """What cfn-lint remarks; raises `ReleaseRefusedError` for its errors."""
    script = Path(sys.executable).parent / "cfn-lint"
    done = subprocess.run(
        [str(script), "--format", "parseable", "--regions", region, "--", str(template)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode & _LINT_ERRORS or done.returncode == 1:
        raise ReleaseRefusedError(f"the template is not valid:\n{done.stdout.strip()}")
    return done.stdout.strip().splitlines()
