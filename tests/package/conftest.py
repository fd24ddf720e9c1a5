"""Fixtures: each deployed stage, packaged once."""

import json
from pathlib import Path

import pytest

from tests.package.packaged import DEPLOYED, Json, package


@pytest.fixture(scope="session")
def template_files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """By stage, the template that Chalice wrote."""
    return {stage: package(stage, tmp_path_factory.mktemp(stage)) for stage in DEPLOYED}


@pytest.fixture(scope="session", params=DEPLOYED)
def template_file(request: pytest.FixtureRequest, template_files: dict[str, Path]) -> Path:
    """The template of one stage, then of the next."""
    return template_files[request.param]


@pytest.fixture(scope="session")
def template(template_file: Path) -> Json:
    """The same, read."""
    read: Json = json.loads(template_file.read_text("utf-8"))
    return read
