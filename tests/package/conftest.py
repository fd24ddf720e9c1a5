"""Fixtures: each deployed stage, packaged once."""

import json
from functools import partial
from pathlib import Path

import pytest

from tests.package.packaged import DEPLOYED, Json, package
from tests.shared import made_once


@pytest.fixture(scope="session", params=DEPLOYED)
def template_file(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The template that Chalice wrote for one stage, then for the next."""
    stage: str = request.param
    return made_once(tmp_path_factory, f"package-{stage}", partial(package, stage))


@pytest.fixture(scope="session")
def template(template_file: Path) -> Json:
    """The template of one stage, then of the next, as JSON."""
    read: Json = json.loads(template_file.read_text("utf-8"))
    return read
