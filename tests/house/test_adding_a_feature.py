"""Whoever follows docs/adding-a-feature.md touches nothing else, and finds it everywhere."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from devdb.local_server import LocalServer
from tests.house.guide import REGISTER, TRIGGERS, contents, follow, read_guide
from tests.package.packaged import package
from tests.ports import free_port
from tests.sandbox import PROJECT, Sandbox

VISIT = {
    "site_id": "building-a",
    "visited_at": "2026-11-01T10:00:00Z",
    "technician": "Team North",
}
# Written from the declarations, and committed.
WRITTEN = {
    ".chalice/config.json",
    ".chalice/resources.json",
    "docs/reference.md",
    "docs/runtime-role.sql",
}


def run(project: Path, *command: str, **environment: str) -> str:
    """What a command of this environment prints, when it is run in *project*."""
    return subprocess.run(
        [sys.executable, *command],
        cwd=project,
        env={**os.environ, "PYTHONPATH": str(project), "AUTH_MODE": "none", **environment},
        check=True,
        capture_output=True,
        text=True,
    ).stdout


@pytest.fixture(scope="module")
def before(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    return contents(PROJECT)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project in which somebody has followed the guide."""
    root = tmp_path_factory.mktemp("guide") / "project"
    follow(read_guide(), root)
    run(root, "-m", "stack")
    run(root, "-m", "reference")
    return root


@pytest.fixture(scope="module")
def template(project: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What is deployed of that copy."""
    file = package("prod", tmp_path_factory.mktemp("packaged"), project)
    read: dict[str, Any] = json.loads(file.read_text("utf-8"))
    return read


@pytest.fixture(scope="module")
def server(project: Path, timescale: Sandbox) -> Iterator[LocalServer]:
    """The copy, served on a database that has been migrated to its revision."""
    timescale.clear()
    timescale.create_sources()
    timescale.expect_rebuild()
    run(project, "-m", "alembic", "upgrade", "head", **timescale.environment)
    environment = {**os.environ, **timescale.environment, "AUTH_MODE": "none"}
    with LocalServer(project, environment, free_port()) as serving:
        yield serving
    timescale.clear()


def test_nothing_is_touched_but_what_the_guide_names(
    project: Path, before: dict[str, bytes]
) -> None:
    after = contents(project)
    known = {path: content for path, content in before.items() if path in after}
    new = set(after) - set(before)
    changed = {path for path, content in known.items() if after[path] != content}
    folder = "chalicelib/features/visits/"
    assert {path for path in new if not path.startswith(folder)} == {
        "migrations/versions/0026_visits_table.py"
    }
    assert changed == {REGISTER, TRIGGERS, *WRITTEN}


def test_what_the_guide_shows_is_in_the_house_style(project: Path) -> None:
    paths = ["app.py", "chalicelib", "migrations"]
    run(project, "-m", "ruff", "check", "--quiet", *paths)
    run(project, "-m", "ruff", "format", "--check", "--quiet", *paths)
    lint_imports = "from importlinter.cli import lint_imports_command as c; c(['--no-logo'])"
    assert "0 broken" in run(project, "-c", lint_imports)


def test_the_template_has_its_function_its_alarm_and_its_graph(template: dict[str, Any]) -> None:
    resources = template["Resources"]
    function = resources["ForgetVisits"]["Properties"]
    [event] = function["Events"].values()
    assert event["Properties"]["Schedule"] == "cron(30 2 * * ? *)"
    assert (function["Timeout"], function["ReservedConcurrentExecutions"]) == (60, 1)
    alarms = [r for r in resources.values() if r["Type"] == "AWS::CloudWatch::Alarm"]
    assert "VisitsForgotten" in {alarm["Properties"]["MetricName"] for alarm in alarms}
    dashboard = json.dumps(resources["Dashboard"])
    assert "Visits forgotten" in dashboard


def test_the_runtime_role_may_use_its_table(project: Path) -> None:
    script = (project / "docs" / "runtime-role.sql").read_text("utf-8")
    grant = "GRANT SELECT, INSERT, DELETE ON iot_data.site_visits TO device_parameters_runtime;"
    assert grant in script


def test_the_reference_knows_its_settings_routes_and_tables(project: Path) -> None:
    reference = (project / "docs" / "reference.md").read_text("utf-8")
    for name in ("VISIT_RETENTION_DAYS", "`/visits`", "site_visits", "VisitsForgotten"):
        assert name in reference


def test_its_routes_answer_and_are_in_the_document(server: LocalServer) -> None:
    posted = requests.post(f"{server.url}/visits", json=VISIT, timeout=30)
    assert (posted.status_code, posted.json()) == (200, VISIT)
    assert server.get_json("/visits?site_id=building-a")["items"] == [VISIT]
    refused = requests.post(f"{server.url}/visits", json={**VISIT, "site_id": ""}, timeout=30)
    assert refused.json()["error"]["details"] == {"parameter": "site_id"}
    document = server.get_json("/openapi.json")
    assert set(document["paths"]["/visits"]) == {"get", "head", "post"}
    assert "VISIT" not in document["info"]["description"]


def test_its_schedule_forgets(server: LocalServer, project: Path, timescale: Sandbox) -> None:
    timescale.rows(
        "INSERT INTO iot_data.site_visits VALUES ('building-b', '2001-01-01T00:00Z', 'Team South')"
    )
    invoke = "import app, json; print(json.dumps(app.forget_visits({}, None)))"
    printed = run(project, "-c", invoke, **timescale.environment)
    assert json.loads(printed.splitlines()[-1]) == {"forgotten": 1}


def test_its_rows_are_not_dropped_unasked_and_its_table_is_repaired(
    server: LocalServer, project: Path, timescale: Sandbox
) -> None:
    timescale.rows("INSERT INTO iot_data.site_visits VALUES ('building-c', now(), 'Team East')")
    with pytest.raises(subprocess.CalledProcessError) as refused:
        run(project, "-m", "alembic", "downgrade", "-1", **timescale.environment)
    assert "would drop data for good: iot_data.site_visits (" in refused.value.stderr
    timescale.rows("DROP TABLE iot_data.site_visits")
    printed = run(project, "cli.py", "repair", **timescale.environment)
    assert "recreated the table iot_data.site_visits, empty" in printed
    assert server.get_json("/visits")["items"] == []


def test_the_console_shows_its_view(server: LocalServer) -> None:
    views = requests.get(f"{server.url}/assets/views.js", timeout=30).text
    assert '"visits"' in views
    view = requests.get(f"{server.url}/assets/visits.view.js", timeout=30)
    assert (view.status_code, "Visits" in view.text) == (200, True)
