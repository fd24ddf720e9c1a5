"""The application as it is deployed: what a stranger can reach."""

import json
import os
import subprocess
import sys

from tests.sandbox import PROJECT

LIST_OPEN_PATHS = """
import json
from app import app

entries = [(path, entry) for path, methods in app.routes.items() for entry in methods.values()]
print(json.dumps(sorted({path for path, entry in entries if entry.authorizer is None})))
"""


def open_paths(**environment: str) -> list[str]:
    inherited = {name: value for name, value in os.environ.items() if name != "AUTH_MODE"}
    result = subprocess.run(
        [sys.executable, "-c", LIST_OPEN_PATHS],
        cwd=PROJECT,
        env={**inherited, "LOG_LEVEL": "CRITICAL", **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    paths: list[str] = json.loads(result.stdout.splitlines()[-1])
    return paths


def test_only_health_and_the_empty_page_are_open() -> None:
    assert open_paths() == ["/", "/assets/{name}", "/health"]


def test_nothing_else_opens_when_access_is_configured() -> None:
    assert open_paths(API_TOKEN_SHA256="0" * 64) == ["/", "/assets/{name}", "/health"]


def test_everything_is_open_only_where_that_was_asked_for() -> None:
    assert "/sync" in open_paths(AUTH_MODE="none")
