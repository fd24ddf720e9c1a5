"""The template that is deployed: the functions it declares, and whether it holds."""

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from release.errors import ReleaseRefusedError

_FUNCTION = "AWS::Serverless::Function"
# Of the bits in cfn-lint's exit code; the others are warnings and remarks.
_LINT_ERRORS = 2


@dataclass(frozen=True)
class Function:
    """A Lambda function as the template declares it."""

    name: str
    handler: str
    runtime: str
    memory_mb: int
    timeout_seconds: int


def functions(template: Path) -> list[Function]:
    """The functions of *template*, by name."""
    resources = json.loads(template.read_text(encoding="utf-8"))["Resources"]
    declared = {
        name: resource["Properties"]
        for name, resource in sorted(resources.items())
        if resource["Type"] == _FUNCTION
    }
    return [
        Function(
            name=name,
            handler=given["Handler"],
            runtime=given["Runtime"],
            memory_mb=given["MemorySize"],
            timeout_seconds=given["Timeout"],
        )
        for name, given in declared.items()
    ]


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
        raise ReleaseRefusedError(f"the template does not hold:\n{done.stdout.strip()}")
    return done.stdout.strip().splitlines()
