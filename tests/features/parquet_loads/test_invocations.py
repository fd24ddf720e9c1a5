"""The Lambda function, invoked as S3, a state machine and people invoke it."""

import json
import logging
from io import StringIO
from typing import Any

import pytest

from app import app, load_parquet
from chalicelib import logs
from chalicelib.errors import InvalidRequestError
from chalicelib.features.parquet_loads import gateway
from chalicelib.features.parquet_loads.errors import SourceUnavailableError, UnloadableError
from tests.features.parquet_loads.bucket import NAME, Bucket
from tests.features.parquet_loads.drop import readings_in
from tests.sandbox import PROJECT, Sandbox

KEY = "dataset=generation/year=2024/a b+c.parquet"
ROWS = [(0, "N", 1.5), (1, "N", 2.5)]
BELIEVED = {(0, "N"): 1.5, (1, "N"): 2.5}


def sample(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((PROJECT / "tests" / "events" / name).read_text("utf-8"))
    return found


EVENTBRIDGE = sample("s3_object_created.json")
NOTIFICATION = sample("s3_notification.json")
DIRECT = sample("step_functions_load.json")


class LambdaContext:
    """The part of Lambda's context that is used."""

    def get_remaining_time_in_millis(self) -> int:
        return 60_000


def invoke(event: Any) -> Any:
    """What Lambda would return: the JSON, not the objects behind it."""
    return json.loads(json.dumps(load_parquet(event, LambdaContext())))


def about(key: str) -> dict[str, Any]:
    return {**EVENTBRIDGE, "detail": {"bucket": {"name": NAME}, "object": {"key": key}}}


def notified(*keys: str, **more: Any) -> dict[str, Any]:
    return {
        "Records": [
            {"s3": {"bucket": {"name": NAME}, "object": {"key": key}}, **more} for key in keys
        ]
    }


def published(output: str) -> list[dict[str, Any]]:
    lines = [json.loads(line) for line in output.splitlines() if line.startswith("{")]
    return [line for line in lines if "_aws" in line]


@pytest.mark.parametrize("event", [EVENTBRIDGE, NOTIFICATION], ids=["EventBridge", "notification"])
def test_an_event_of_s3_loads_the_object(migrated: Sandbox, bucket: Bucket, event: Any) -> None:
    bucket.put(KEY, ROWS)
    [load] = invoke(event)["loads"]
    assert (load["status"], load["dataset"], load["key"]) == ("succeeded", "generation", KEY)
    assert load["rows"]["added"] == 2
    assert readings_in(migrated, "generation") == BELIEVED


def test_a_state_machine_gets_its_load(migrated: Sandbox, bucket: Bucket) -> None:
    bucket.put(KEY, ROWS)
    first, second = invoke(DIRECT), invoke(DIRECT)
    assert first["status"] == "succeeded"
    assert first == second, "asked again, it is the same load"


def test_the_event_of_the_requirement_is_understood(migrated: Sandbox, bucket: Bucket) -> None:
    key = "dataset=generation/year=2024/file.parquet"
    bucket.put(key, ROWS)
    assert invoke(notified(key))["loads"][0]["status"] == "succeeded"


def test_a_notification_of_what_speaks_like_s3_is_understood(
    migrated: Sandbox, bucket: Bucket
) -> None:
    """MinIO names the events with their prefix, and the object once more beside the records."""
    bucket.put(KEY, ROWS)
    name = "s3:ObjectCreated:CompleteMultipartUpload"
    records = notified("dataset%3Dgeneration%2Fyear%3D2024%2Fa+b%2Bc.parquet", eventName=name)
    event = {"EventName": name, "Key": f"{NAME}/{KEY}", **records}
    assert [load["status"] for load in invoke(event)["loads"]] == ["succeeded"]


def test_a_file_that_cannot_be_loaded_is_reported_and_not_tried_again(
    migrated: Sandbox, bucket: Bucket
) -> None:
    bucket.put_bytes(KEY, b"time,region\n" * 100)
    [load] = invoke(EVENTBRIDGE)["loads"]
    assert load["status"] == "failed"
    assert load["error"]["code"] == "not_parquet"


def test_a_state_machine_gets_every_permanent_failure_under_one_name(
    migrated: Sandbox, bucket: Bucket
) -> None:
    with pytest.raises(UnloadableError, match=r"^OBJECT_MISSING: there is no s3://") as refusal:
        invoke(DIRECT)
    assert type(refusal.value).__name__ == "UnloadableError"


def test_one_bad_object_of_a_notification_does_not_keep_the_others_from_being_loaded(
    migrated: Sandbox, bucket: Bucket
) -> None:
    bucket.put_bytes("dataset=generation/1.parquet", b"")
    bucket.put("dataset=generation/2.parquet", ROWS)
    loads = invoke(notified("dataset=generation/1.parquet", "dataset=generation/2.parquet"))[
        "loads"
    ]
    assert [load["status"] for load in loads] == ["failed", "succeeded"]


def test_a_retryable_error_is_raised_after_the_others_were_loaded(
    migrated: Sandbox, bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    look_at = gateway.look_at

    def look_at_some(location: Any) -> Any:
        if location.key.endswith("1.parquet"):
            raise SourceUnavailableError("S3 says SlowDown")
        return look_at(location)

    monkeypatch.setattr(gateway, "look_at", look_at_some)
    bucket.put("dataset=generation/2.parquet", ROWS)
    with pytest.raises(SourceUnavailableError):
        invoke(notified("dataset=generation/1.parquet", "dataset=generation/2.parquet"))
    assert readings_in(migrated, "generation") == BELIEVED


@pytest.mark.parametrize(
    "event",
    [
        about(f"rejected/{KEY}"),
        about("dataset=generation/"),
        about("dataset=generation/_SUCCESS"),
        about("dataset=generation/.a.parquet.crc"),
        about("dataset=generation/year=2024_$folder$"),
        about("dataset=generation/a.parquet._COPYING_"),
        notified("rejected/dataset%3Dgeneration/a.parquet"),
        notified(KEY, eventName="ObjectRemoved:Delete"),
        notified(KEY, eventName="s3:ObjectRemoved:Delete"),
        notified(),
        {"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": NAME},
    ],
)
def test_objects_that_are_not_data_are_not_loaded(migrated: Sandbox, event: Any) -> None:
    assert invoke(event) == {"loads": []}
    assert migrated.value("SELECT count(*) FROM iot_data.parquet_loads") == 0


@pytest.mark.parametrize(
    "work",
    [
        "dataset=generation/_temporary/0/_temporary/attempt_202401010000_0000_m_000000_0/",
        "dataset=generation/.hive-staging_hive_2024-01-01_00-00-00_000_1-1/-ext-10000/",
        "dataset=generation/.spark-staging-5f1c/year=2024/",
        "dataset=generation/__magic_job-0001/tasks/attempt_1/__base/",
        # Spark's folder of work lies above the folders that it partitions by.
        ".spark-staging-5f1c/dataset=generation/",
        "_temporary/0/task_1/dataset=generation/",
    ],
)
def test_only_the_committed_copy_of_a_file_is_loaded(
    migrated: Sandbox, bucket: Bucket, work: str
) -> None:
    """If its copy in the folder of work were loaded as well, a correction could not remove it."""
    written = [(0, "N", 1.0), (1, "N", 2.0), (2, "N", 3.0)]
    committed = "dataset=generation/_year=2024/part-0.parquet"
    for key, rows in (
        (f"{work}part-0.parquet", written),
        (committed, written),
        (committed, [(0, "N", 10.0)]),
    ):
        bucket.put(key, rows)
        invoke(about(key))
    assert readings_in(migrated, "generation") == {(0, "N"): 10.0}


@pytest.mark.parametrize(
    "event",
    [
        {},
        [],
        "file.parquet",
        {"bucket": NAME},
        {"bucket": NAME, "key": ""},
        {"bucket": NAME, "key": 7},
        {"bucket": NAME, "key": "a\0b"},
        {"bucket": NAME, "key": "dataset=generation/\ud800.parquet"},
        notified("dataset%3Dgeneration/a%00b.parquet"),
        notified(KEY, eventName=None),
        {"bucket": NAME, "key": KEY, "force": True},
        {"bucket": NAME, "key": f"rejected/{KEY}"},
        {"bucket": NAME, "key": "dataset=generation/_temporary/0/part-0.parquet"},
        {"Records": "none"},
        {"Records": [7]},
        {"Records": [{"eventName": "ObjectCreated:Put"}]},
        {"Records": [{"s3": {"bucket": {"name": NAME}}}]},
        {**EVENTBRIDGE, "detail": {"bucket": NAME, "object": {"key": KEY}}},
    ],
)
def test_an_event_of_no_known_shape_is_refused(migrated: Sandbox, event: Any) -> None:
    with pytest.raises(InvalidRequestError):
        invoke(event)


def test_rejected_rows_start_no_load() -> None:
    [source] = [source for source in app.event_sources if source.name == "load_parquet"]
    pattern = vars(source)["event_pattern"]
    assert pattern["source"] == ["aws.s3"]
    assert pattern["detail"]["object"]["key"] == [{"anything-but": {"prefix": "rejected/"}}]


def test_metrics_say_what_was_processed_by_dataset(
    migrated: Sandbox, bucket: Bucket, capsys: pytest.CaptureFixture[str]
) -> None:
    bucket.put(KEY, ROWS)
    invoke(EVENTBRIDGE)
    [said] = published(capsys.readouterr().out)
    assert (said["service"], said["dataset"]) == ("parquet_loads", "generation")
    assert (said["RecordsProcessed"], said["BatchesProcessed"]) == ([2.0], [1.0])
    assert (said["ProcessingErrors"], said["RecordsRejected"]) == ([0.0], [0.0])
    [directive] = said["_aws"]["CloudWatchMetrics"]
    assert sorted(directive["Dimensions"][0]) == ["dataset", "service"]
    invoke(EVENTBRIDGE)
    assert published(capsys.readouterr().out) == [], "a repeated event processes nothing"


def test_failures_are_counted_whether_retryable_or_not(
    migrated: Sandbox,
    bucket: Bucket,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    invoke(EVENTBRIDGE)
    invoke(about("weather.parquet"))
    monkeypatch.setenv("TIMESCALE_DB_PORT", "9")
    with pytest.raises(Exception, match="refused"):
        invoke(EVENTBRIDGE)
    said = published(capsys.readouterr().out)
    assert [line["ProcessingErrors"] for line in said] == [[1.0]] * 3
    assert [line["dataset"] for line in said] == ["generation", "unknown", "generation"]


def test_every_line_about_a_load_names_it(
    migrated: Sandbox, bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = StringIO()
    handler = logging.StreamHandler(lines)
    monkeypatch.setattr(logging.getLogger(), "handlers", [])
    logs.configure_json("INFO")
    [configured] = logging.getLogger().handlers
    handler.setFormatter(configured.formatter)
    handler.filters = configured.filters
    monkeypatch.setattr(logging.getLogger(), "handlers", [handler])
    bucket.put(KEY, ROWS)
    load = invoke(DIRECT)
    said = [json.loads(line) for line in lines.getvalue().splitlines()]
    ours = [line for line in said if line["message"].startswith(("rows_", "load_"))]
    assert [line["message"] for line in ours] == ["rows_staged", "rows_merged", "load_finished"]
    assert {(line["load_id"], line["dataset"]) for line in ours} == {
        (load["load_id"], "generation")
    }
