"""Fixtures: an issuer, an environment that trusts it, and `chalice local` to attack."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path

import pytest

from tests.access.issuer import Issuer
from tests.access.sample_app import APP_PY
from tests.ports import free_port

PROJECT = Path(__file__).resolve().parents[2]
VARIABLES = (
    "AUTH_MODE",
    "OIDC_ISSUER",
    "OIDC_AUDIENCE",
    "OIDC_JWKS_URL",
    "OIDC_REQUIRE_TOKEN_USE",
    "TRUST_ROLE_CLAIM",
    "API_TOKENS",
    "API_TOKEN_SHA256",
    "API_TOKEN_ROLE",
)


@dataclass(frozen=True)
class Answer:
    """What came back over HTTP."""

    status: int
    headers: Mapping[str, str]
    body: str


@dataclass(frozen=True)
class Server:
    """A running `chalice local`, and the file it logs to."""

    port: int
    log: Path

    def ask(self, authorization: str | None, method: str = "GET", path: str = "/status") -> Answer:
        """One request, with or without an `Authorization` header."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            headers = {} if authorization is None else {"Authorization": authorization}
            connection.request(method, path, headers=headers)
            response = connection.getresponse()
            return Answer(response.status, dict(response.headers), response.read().decode())
        finally:
            connection.close()


Serve = Callable[[dict[str, str]], Server]


@pytest.fixture(scope="session")
def issuer() -> Iterator[Issuer]:
    with Issuer() as running:
        yield running


@pytest.fixture
def own_issuer() -> Iterator[Issuer]:
    """An issuer that a test may break."""
    with Issuer() as running:
        yield running


@pytest.fixture
def access_environment(monkeypatch: pytest.MonkeyPatch) -> Callable[[dict[str, str]], None]:
    """Sets the variables of access to exactly those given."""

    def configure(environ: dict[str, str]) -> None:
        for name in VARIABLES:
            monkeypatch.delenv(name, raising=False)
        for name, value in environ.items():
            monkeypatch.setenv(name, value)

    return configure


@pytest.fixture
def trusting(issuer: Issuer, access_environment: Callable[[dict[str, str]], None]) -> Issuer:
    """The issuer, with the environment that trusts it."""
    access_environment(issuer.environment)
    return issuer


@pytest.fixture
def in_lambda(monkeypatch: pytest.MonkeyPatch) -> None:
    """Unload the local server, which is not in a Lambda function."""
    monkeypatch.delitem(sys.modules, "chalice.local", raising=False)


@pytest.fixture(scope="session")
def closed_server(issuer: Issuer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """`chalice local`, with both ways in configured."""
    with serve(tmp_path_factory.mktemp("closed"), issuer.environment) as server:
        yield server


@contextmanager
def serve(project: Path, environ: dict[str, str]) -> Iterator[Server]:
    """The sample application under `chalice local`, in a process of its own."""
    (project / ".chalice").mkdir()
    (project / ".chalice" / "config.json").write_text(
        json.dumps({"version": "2.0", "app_name": "sample", "stages": {"dev": {}}})
    )
    (project / "app.py").write_text(APP_PY)
    port = free_port()
    inherited = {name: value for name, value in os.environ.items() if name not in VARIABLES}
    paths = {"PYTHONPATH": str(PROJECT), "AWS_DEFAULT_REGION": "eu-central-1"}
    command = [sys.executable, "-u", "-c", "from chalice.cli import main; main()", "local"]
    log = project / "log"
    with (
        log.open("wb") as output,
        subprocess.Popen(
            [*command, "--no-autoreload", "--port", str(port)],
            cwd=project,
            env={**inherited, **paths, **environ},
            stdout=output,
            stderr=subprocess.STDOUT,
        ) as process,
    ):
        try:
            server = Server(port, log)
            wait_until_it_answers(server, process)
            yield server
        finally:
            process.terminate()


def wait_until_it_answers(server: Server, process: "subprocess.Popen[bytes]") -> None:
    give_up_at = time.monotonic() + 60
    while time.monotonic() < give_up_at:
        assert process.poll() is None, server.log.read_text()
        try:
            server.ask(None, path="/health")
        except OSError:
            time.sleep(0.05)
        else:
            return
    pytest.fail("`chalice local` does not answer")
