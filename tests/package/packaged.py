"""The template that `chalice package` writes, and how to read it."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from chalice.utils import to_cfn_resource_name

from app import app
from tests.sandbox import PROJECT

Json = dict[str, Any]
CONFIG: Json = json.loads((PROJECT / ".chalice" / "config.json").read_text("utf-8"))
DEPLOYED = [stage for stage in CONFIG["stages"] if stage != "local"]
OPERATIONS = PROJECT / "docs" / "operations.md"
# What would be read while app.py is imported must be the stage's, not the developer's.
_KEPT = ("PATH", "HOME", "LANG", "VIRTUAL_ENV", "TMPDIR")


def function_names() -> list[str]:
    """Every Lambda function that Chalice makes of app.py."""
    declared: list[Any] = [
        *app.pure_lambda_functions,
        *app.event_sources,
        *app.builtin_auth_handlers,
    ]
    return sorted({"api_handler", *(function.name for function in declared)})


def resource_of(function_name: str) -> str:
    """The logical id that Chalice gives a function."""
    is_api = function_name == "api_handler"
    return "APIHandler" if is_api else to_cfn_resource_name(function_name)


def role_of(function_name: str) -> str:
    """The logical id of the role that Chalice makes for a function."""
    return str(to_cfn_resource_name(f"{function_name}_role"))


def package(stage: str, directory: Path, project: Path = PROJECT, **environment: str) -> Path:
    """Have Chalice package *stage* of *project*; returns the template it wrote.

    The template does not depend on the libraries, so a copy without requirements is packaged.
    """
    source = directory / "source"
    shutil.copytree(project / "chalicelib", source / "chalicelib")
    shutil.copytree(project / ".chalice", source / ".chalice")
    shutil.copy(project / "app.py", source)
    (source / "requirements.txt").write_text("", "utf-8")
    chalice = Path(sys.executable).with_name("chalice")
    merged = project / ".chalice" / "resources.json"
    kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
    subprocess.run(
        [chalice, "package", "--stage", stage, "--merge-template", merged, directory / "out"],
        cwd=source,
        env={**kept, "AWS_DEFAULT_REGION": "eu-central-1", **environment},
        check=True,
        capture_output=True,
    )
    return directory / "out" / "sam.json"


def of_type(template: Json, kind: str) -> dict[str, Json]:
    """The properties of each resource of *kind*, by logical id."""
    return {
        name: resource["Properties"]
        for name, resource in template["Resources"].items()
        if resource["Type"] == kind
    }


def statements(policies: Iterable[Any]) -> Iterator[Json]:
    """Every statement of a role's policies, those under a condition included."""
    for policy in policies:
        granted = policy["Fn::If"][1] if "Fn::If" in policy else policy
        yield from granted["PolicyDocument"]["Statement"]


def actions(policies: Iterable[Any]) -> set[str]:
    """All that a role's policies allow."""
    return {
        action
        for statement in statements(policies)
        if statement["Effect"] == "Allow"
        for action in statement["Action"]
    }
