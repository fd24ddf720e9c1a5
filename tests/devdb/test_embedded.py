"""Starting, stopping and data directories of the embedded database."""

import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psycopg2
import pytest

from devdb.embedded import EmbeddedTimescale
from devdb.errors import EmbeddedDatabaseError

REPOSITORY = Path(__file__).resolve().parents[2]


def run_sql(server: EmbeddedTimescale, *statements: str) -> list[tuple[object, ...]]:
    """Run each statement by itself; the rows of the last."""
    session = psycopg2.connect(server.dsn)
    session.autocommit = True
    try:
        with session.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)
            return cursor.fetchall() if cursor.description else []
    finally:
        session.close()


def fake_node(directory: Path, behaviour: str) -> Path:
    """A program that says it is Node.js and then does something else."""
    program = directory / "node"
    program.write_text(f'#!/bin/sh\n[ "$1" = --version ] && echo v20.0.0 && exit\n{behaviour}\n')
    program.chmod(0o755)
    return program


@pytest.fixture
def temporary_root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where temporary clusters are made during the test."""
    root = tmp_path / "temporary"
    root.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(root))
    return root


def test_connection_facts_agree(embedded: EmbeddedTimescale) -> None:
    port = embedded.port
    assert embedded.url == f"postgresql+psycopg2://app:embedded@127.0.0.1:{port}/app"
    assert psycopg2.extensions.parse_dsn(embedded.dsn) == {
        "host": "127.0.0.1",
        "port": str(port),
        "dbname": "app",
        "user": "app",
        "password": "embedded",
        "sslmode": "disable",
    }
    assert embedded.environment == {
        "TIMESCALE_DB_HOST": "127.0.0.1",
        "TIMESCALE_DB_PORT": str(port),
        "TIMESCALE_DB_NAME": "app",
        "TIMESCALE_DB_USER": "app",
        "TIMESCALE_DB_PASSWORD": "embedded",
        "TIMESCALE_DB_SSLMODE": "disable",
    }


@pytest.mark.parametrize("end", [EmbeddedTimescale.stop, EmbeddedTimescale.kill])
def test_a_temporary_cluster_is_gone_with_its_server(temporary_root: Path, end: object) -> None:
    server = EmbeddedTimescale().start()
    port = server.port
    assert len(list(temporary_root.iterdir())) == 1
    assert callable(end)
    end(server)
    assert list(temporary_root.iterdir()) == []
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), timeout=5)


def test_what_was_committed_survives_kill_minus_nine(tmp_path: Path) -> None:
    server = EmbeddedTimescale(tmp_path / "data").start()
    run_sql(server, "CREATE TABLE t AS SELECT i FROM generate_series(1, 1000) AS i")
    lost = psycopg2.connect(server.dsn)
    lost.cursor().execute("INSERT INTO t VALUES (-1)")
    server.kill()
    lost.close()
    with EmbeddedTimescale(tmp_path / "data") as restarted:
        assert run_sql(restarted, "SELECT count(*), min(i) FROM t") == [(1000, 1)]


def test_continuous_aggregates_work_after_a_restart(tmp_path: Path) -> None:
    with EmbeddedTimescale(tmp_path / "data"):
        pass
    with EmbeddedTimescale(tmp_path / "data") as restarted:
        rows = run_sql(
            restarted,
            "CREATE TABLE m (time timestamptz NOT NULL)",
            "SELECT create_hypertable('m', by_range('time'))",
            "INSERT INTO m VALUES ('2024-01-01 00:10+00'), ('2024-01-01 00:20+00')",
            "CREATE MATERIALIZED VIEW h WITH (timescaledb.continuous) AS"
            " SELECT time_bucket('1 hour', time) AS bucket, count(*) FROM m GROUP BY 1"
            " WITH NO DATA",
            "CALL refresh_continuous_aggregate('h', NULL, NULL)",
            "SELECT count FROM h",
        )
    assert rows == [(2,)]


def test_a_server_can_be_started_again(temporary_root: Path) -> None:
    server = EmbeddedTimescale()
    for _ in range(2):
        with server:
            assert run_sql(server, "SELECT 1") == [(1,)]


def test_a_data_directory_has_one_server_at_a_time(tmp_path: Path) -> None:
    second = EmbeddedTimescale(tmp_path)
    with EmbeddedTimescale(tmp_path) as first:
        with pytest.raises(EmbeddedDatabaseError, match=f"{tmp_path} is in use by another"):
            second.start()
        assert run_sql(first, "SELECT 1") == [(1,)]
    with second:
        assert run_sql(second, "SELECT 1") == [(1,)]


def test_a_port_in_use_is_reported(embedded: EmbeddedTimescale) -> None:
    with pytest.raises(EmbeddedDatabaseError, match="EADDRINUSE"):
        EmbeddedTimescale(port=embedded.port).start()


def test_starting_twice_is_refused(embedded: EmbeddedTimescale) -> None:
    with pytest.raises(EmbeddedDatabaseError, match="running already"):
        embedded.start()


def test_a_server_that_does_not_run_has_no_address() -> None:
    with pytest.raises(EmbeddedDatabaseError, match="not running"):
        _ = EmbeddedTimescale().url


def test_the_last_lines_of_a_failed_start_are_reported(
    tmp_path: Path, temporary_root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    node = fake_node(tmp_path, "echo 'the engine exploded' >&2; exit 3")
    monkeypatch.setenv("NODE", str(node))
    with pytest.raises(EmbeddedDatabaseError, match=r"exit status 3.*\n.*the engine exploded"):
        EmbeddedTimescale().start()
    assert list(temporary_root.iterdir()) == []


def test_a_place_where_nothing_can_be_written_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "nowhere"))
    with pytest.raises(EmbeddedDatabaseError, match=r"There can be no directory .*nowhere"):
        EmbeddedTimescale().start()


def test_a_start_that_takes_too_long_is_given_up(
    tmp_path: Path, temporary_root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    node = fake_node(tmp_path, "echo 'still thinking'; exec cat")
    monkeypatch.setenv("NODE", str(node))
    with pytest.raises(EmbeddedDatabaseError, match=r"within 1 seconds:\nstill thinking"):
        EmbeddedTimescale(start_timeout_seconds=1).start()
    assert list(temporary_root.iterdir()) == []


def test_a_server_that_failed_is_reported_to_who_waits_for_it() -> None:
    with EmbeddedTimescale() as server:
        assert server._process is not None
        server._process.kill()
        with pytest.raises(EmbeddedDatabaseError, match="exit status -9"):
            server.wait()


def test_an_interrupted_first_start_leaves_no_half_of_a_template(
    tmp_path: Path, temporary_root: Path
) -> None:
    cache = tmp_path / "cache"
    environment = {"XDG_CACHE_HOME": str(cache), "TMPDIR": str(temporary_root)}
    with subprocess.Popen(
        [sys.executable, "-m", "devdb", "--port", "0"],
        cwd=REPOSITORY,
        env={**os.environ, **environment},
    ) as process:
        while not list(cache.glob("*/*.partial-*")):
            assert process.poll() is None, "it ended before it began"
            time.sleep(0.01)
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
    assert list(cache.glob("*/*")) == []
    assert list(temporary_root.iterdir()) == []


def test_an_engine_that_fails_ends_its_server_and_keeps_what_was_committed(
    tmp_path: Path,
) -> None:
    with EmbeddedTimescale(tmp_path) as server:
        run_sql(server, "CREATE TABLE t AS SELECT 1 AS i")
        with pytest.raises(psycopg2.OperationalError):
            run_sql(server, "SELECT " + " + ".join(["1"] * 100_000))
        with pytest.raises(EmbeddedDatabaseError, match=r"status 70(.|\n)*engine failed"):
            server.wait()
    with EmbeddedTimescale(tmp_path) as restarted:
        assert run_sql(restarted, "SELECT i FROM t") == [(1,)]


def test_the_server_ends_with_the_process_that_started_it(temporary_root: Path) -> None:
    script = (
        "import os; from devdb.embedded import EmbeddedTimescale\n"
        "server = EmbeddedTimescale().start()\n"
        "print(server._process.pid, flush=True)\n"
        "os.kill(os.getpid(), 9)"
    )
    died = subprocess.run(
        [sys.executable, "-c", script],
        cwd=REPOSITORY,
        env={**os.environ, "TMPDIR": str(temporary_root)},
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    assert died.returncode == -signal.SIGKILL
    wait_for_end(int(died.stdout))
    assert list(temporary_root.iterdir()) == []


def wait_for_end(pid: int) -> None:
    """Wait for a process that is nobody's child here."""
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    with os.fdopen(descriptor) as ended:
        assert select.select([ended], [], [], 30)[0], "the server outlived its parent"


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGTERM])
def test_the_development_server_ends_cleanly(tmp_path: Path, end: signal.Signals) -> None:
    command = [sys.executable, "-m", "devdb", "--data-dir", str(tmp_path / "data"), "--port", "0"]
    with subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        facts = []
        for line in process.stdout:
            facts.append(line.strip())
            if line.startswith("psql "):
                break
        process.send_signal(end)
        try:
            assert process.wait(30) == 0
        finally:
            process.kill()
    assert any(line.startswith("psql ") for line in facts)
    assert "export TIMESCALE_DB_NAME=app" in facts
