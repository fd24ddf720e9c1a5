"""`cli.py load`, as an operator calls it."""

import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from chalicelib.features.parquet_loads import store
from chalicelib.features.parquet_loads.model import Load
from chalicelib.text import shown
from cli import cli
from tests.features.parquet_loads.bucket import NAME, Bucket
from tests.features.parquet_loads.drop import Drop, readings_in
from tests.sandbox import Sandbox

ROWS = [(0, "N", 1.5), (1, "N", 2.5)]


@pytest.fixture(autouse=True)
def _logging() -> Iterator[None]:
    """A command configures logging for its process, which here is that of all tests."""
    root, ours = logging.getLogger(), logging.getLogger("chalicelib")
    kept = root.handlers[:], root.level, ours.level
    yield
    root.handlers = kept[0]
    root.setLevel(kept[1])
    ours.setLevel(kept[2])


def run(*arguments: str) -> Result:
    return CliRunner(env={"COLUMNS": "200"}).invoke(cli, ["load", *arguments])


def test_a_file_is_loaded(migrated: Sandbox, tmp_path: Path) -> None:
    drop = Drop(tmp_path, "generation")
    drop.put("a", ROWS)
    first, second = run(str(drop.path("a"))), run(str(drop.path("a")))
    assert (first.exit_code, second.exit_code) == (0, 0)
    assert "load 1 succeeded in" in first.stdout
    assert "read 2, loaded 2, rejected 0, added 2" in first.stdout
    assert "load 1 succeeded, as it was before" in second.stdout
    assert readings_in(migrated, "generation") == {(0, "N"): 1.5, (1, "N"): 2.5}


def test_an_object_is_loaded_and_shown_as_json(migrated: Sandbox, bucket: Bucket) -> None:
    result = run("--json", bucket.put("dataset=generation/a.parquet", ROWS))
    assert result.exit_code == 0
    assert json.loads(result.stdout)["rows"]["added"] == 2


def test_what_work_in_progress_brought_can_be_taken_back(migrated: Sandbox, bucket: Bucket) -> None:
    """Events pass over such a key, but whoever names it means it."""
    key = "dataset=generation/_temporary/0/a.parquet"
    assert run(bucket.put(key, ROWS)).exit_code == 0
    assert run(bucket.put(key, [])).exit_code == 0
    assert readings_in(migrated, "generation") == {}


def test_rejected_rows_are_pointed_at(
    migrated: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MAX_REJECTED_PERCENT", "50")
    drop = Drop(tmp_path, "generation")
    drop.put("a", [*ROWS, (2, "", 1.0)])
    result = run(str(drop.path("a")))
    assert result.exit_code == 0
    assert (
        f"rejected rows: file://{tmp_path}/rejected/dataset=generation/a.parquet" in result.stdout
    )


def test_a_file_that_cannot_be_loaded_fails(migrated: Sandbox, tmp_path: Path) -> None:
    drop = Drop(tmp_path, "generation")
    drop.put("a", ROWS)
    drop.path("a").write_bytes(b"")
    result = run(str(drop.path("a")))
    assert result.exit_code == 1
    assert "file_empty" in result.stdout


@pytest.mark.parametrize("name", ["b", "no [/b]ody\x1b[2J"], ids=["plain", "hostile"])
def test_a_mistyped_path_is_a_usage_error_and_no_load(
    migrated: Sandbox, tmp_path: Path, name: str
) -> None:
    drop = Drop(tmp_path, "generation")
    drop.put("a", ROWS)
    result = run(str(drop.path(name)))
    assert result.exit_code == 2
    assert result.stderr == f"OBJECT_MISSING: there is no file {shown(str(drop.path(name)))}\n"
    assert migrated.rows("SELECT * FROM iot_data.parquet_loads") == []
    assert run(str(drop.path("a"))).exit_code == 0


def test_a_folder_is_no_file(migrated: Sandbox, tmp_path: Path) -> None:
    drop = Drop(tmp_path, "generation")
    drop.put("a", ROWS)
    result = run(str(drop.path("a").parent))
    assert result.exit_code == 2
    assert "there is no file" in result.stderr
    assert migrated.rows("SELECT * FROM iot_data.parquet_loads") == []


@pytest.mark.parametrize("address", [f"s3://{NAME}/dataset=generation/b.parquet", "s3://no-such/a"])
def test_a_mistyped_key_is_a_usage_error_and_no_load(
    migrated: Sandbox, bucket: Bucket, address: str
) -> None:
    bucket.put("dataset=generation/a.parquet", ROWS)
    result = run(address)
    assert result.exit_code == 2
    assert "there is no" in result.stderr
    assert migrated.rows("SELECT * FROM iot_data.parquet_loads") == []


def test_a_file_that_vanishes_while_it_is_loaded_is_a_failed_load(
    migrated: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drop = Drop(tmp_path, "generation")
    drop.put("a", ROWS)
    open_load = store.open_load

    def vanish_then_open(*arguments: Any) -> Load:
        drop.path("a").unlink(missing_ok=True)
        return open_load(*arguments)

    monkeypatch.setattr(store, "open_load", vanish_then_open)
    result = run(str(drop.path("a")))
    assert result.exit_code == 1
    assert "object_missing" in result.stdout
    [[status]] = migrated.rows("SELECT status FROM iot_data.parquet_loads")
    assert status == "failed"


@pytest.mark.parametrize("source", ["s3://", "s3://bucket", "s3:///key"])
def test_a_malformed_address_is_a_usage_error(migrated: Sandbox, source: str) -> None:
    result = run(source)
    assert result.exit_code == 2
    assert "INVALID_REQUEST" in result.stderr


def test_a_malformed_setting_is_a_usage_error(
    migrated: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOAD_SINK", "redshift")
    result = run(str(tmp_path / "a.parquet"))
    assert result.exit_code == 2
    assert "LOAD_SINK" in result.stderr
