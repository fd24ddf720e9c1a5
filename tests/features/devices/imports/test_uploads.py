"""Files that are uploaded: they come, are read in one version, or are not there."""

import base64
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import requests

from chalicelib.features.devices.imports import batches, window
from chalicelib.features.devices.imports import records as records_module
from chalicelib.features.devices.imports.gateway import client
from chalicelib.features.devices.imports.invocations import register_imports
from tests.aws import Aws
from tests.features.devices.imports.desk import Desk, counts, many
from tests.features.devices.imports.killed_import import QUERIES
from tests.features.parquet_loads.s3_stub import CUT, DENIED, SLOW_DOWN, Fault, S3Stub
from tests.interruption import interrupted_at

BUCKET = "files-of-devices"
COUNT = 12
FILE = many(COUNT).encode()


@dataclass(frozen=True)
class Uploads:
    """Imports whose files are uploaded."""

    desk: Desk
    s3: Any

    def ask(self, **headers: str) -> dict[str, Any]:
        """Ask for an import; returns the answer."""
        answer = self.desk.admin.ask("POST", "/device-imports", {"format": "ndjson"}, **headers)
        assert answer.status_code == 201, answer.json_body
        body: dict[str, Any] = answer.json_body
        return body

    def put(self, import_id: str, data: bytes = FILE) -> None:
        """Have the file be there."""
        self.s3.put_object(Bucket=BUCKET, Key=f"device-imports/{import_id}", Body=data)

    def remove(self, import_id: str) -> None:
        """Have it be there no more."""
        self.s3.delete_object(Bucket=BUCKET, Key=f"device-imports/{import_id}")

    def go_on(self, import_id: str) -> dict[str, Any]:
        """How far the import has come a minute later."""
        self.desk.make_due()
        register_imports(None)
        return self.desk.get(import_id)


@pytest.fixture
def small_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    """So small that a short file is read in several parts."""
    monkeypatch.setattr(window, "WINDOW_BYTES", 400)
    monkeypatch.setattr(records_module, "MAX_RECORD_BYTES", 200)
    monkeypatch.setattr(batches, "BATCH_ROWS", 2)


@pytest.fixture
def uploads(desk: Desk, aws: Aws, monkeypatch: pytest.MonkeyPatch) -> Uploads:
    """A bucket, empty."""
    s3 = aws.client("s3")
    place = {"LocationConstraint": s3.meta.region_name}
    s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration=place)
    monkeypatch.setenv("IMPORT_BUCKET", BUCKET)
    return Uploads(desk, s3)


def test_a_file_is_uploaded_with_the_form_of_the_answer(uploads: Uploads) -> None:
    asked = uploads.ask()
    assert (asked["status"], asked["sizeBytes"]) == ("awaiting_upload", None)
    form = asked["upload"]
    sent = requests.post(form["url"], data=form["fields"], files={"file": FILE}, timeout=10)
    assert sent.status_code == 204, sent.text
    done = uploads.go_on(asked["importId"])
    assert counts(done) == ("succeeded", COUNT, 0)
    assert done["sizeBytes"] == done["readBytes"] == len(FILE)


def test_the_form_is_for_one_key_and_a_bounded_size(uploads: Uploads) -> None:
    asked = uploads.ask()
    policy = json.loads(base64.b64decode(asked["upload"]["fields"]["policy"]))
    assert ["content-length-range", 1, 2**28] in policy["conditions"]
    assert {"key": f"device-imports/{asked['importId']}"} in policy["conditions"]
    assert {"bucket": BUCKET} in policy["conditions"]
    assert policy["expiration"][:16] == asked["upload"]["expiresAt"][:16]


def test_the_address_is_that_of_the_region(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    from chalicelib.features.devices.imports.uploads import gateway

    gateway.client.cache_clear()
    for name, value in {
        "IMPORT_BUCKET": BUCKET,
        "AWS_DEFAULT_REGION": "eu-central-1",
        "AWS_ACCESS_KEY_ID": "x",
        "AWS_SECRET_ACCESS_KEY": "x",
    }.items():
        monkeypatch.setenv(name, value)
    asked = Uploads(desk, None).ask()
    assert asked["upload"]["url"] == f"https://{BUCKET}.s3.eu-central-1.amazonaws.com/"
    gateway.client.cache_clear()


def test_whoever_asks_again_gets_a_form_for_the_same_import(uploads: Uploads) -> None:
    first, again = (uploads.ask(Idempotency_Key="k") for _ in range(2))
    assert again["importId"] == first["importId"]
    assert again["upload"]["fields"]["key"] == first["upload"]["fields"]["key"]
    [[kept]] = uploads.desk.sandbox.rows("SELECT body FROM iot_data.idempotency_keys")
    assert "policy" not in kept


def test_without_a_bucket_the_file_comes_with_the_request(desk: Desk) -> None:
    answer = desk.admin.ask("POST", "/device-imports", {"format": "csv"})
    error = answer.json_body["error"]
    assert (answer.status_code, error["details"]["parameter"]) == (400, "data")


def test_a_file_that_has_not_come_is_waited_for_and_given_up(uploads: Uploads) -> None:
    import_id = uploads.ask()["importId"]
    assert uploads.go_on(import_id)["status"] == "awaiting_upload"
    uploads.desk.sandbox.rows(
        "UPDATE iot_data.device_imports SET upload_until = now() - interval '16 minutes'"
    )
    given_up = uploads.go_on(import_id)
    assert counts(given_up) == ("failed", 0, 0)
    assert given_up["failure"]["message"] == "no file was uploaded in time"


def test_a_file_that_is_too_long_is_refused_unread(
    uploads: Uploads, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chalicelib.features.devices.imports.carry_out.MAX_FILE_BYTES", 100)
    import_id = uploads.ask()["importId"]
    uploads.put(import_id)
    done = uploads.go_on(import_id)
    assert counts(done) == ("failed", 0, 0)
    assert "longer than 100 bytes" in done["failure"]["message"]


@pytest.mark.parametrize("act", ["put", "remove"])
def test_a_file_that_changes_meanwhile_ends_the_import(
    act: str, uploads: Uploads, small_windows: None
) -> None:
    import_id = uploads.ask()["importId"]
    uploads.put(import_id)
    changes = [lambda: uploads.put(import_id, FILE.replace(b"D ", b"E "))]
    if act == "remove":
        changes = [lambda: uploads.remove(import_id)]

    def change() -> None:
        while changes:
            changes.pop()()

    with interrupted_at(QUERIES, "committed:add_rows", change):
        done = uploads.go_on(import_id)
    assert done["status"] == "failed"
    word = "replaced" if act == "put" else "deleted"
    assert done["failure"] == {
        "code": "FILE_REFUSED",
        "message": f"the file was {word} before all of it was read",
    }
    names = uploads.desk.sandbox.rows("SELECT DISTINCT left(name, 1) FROM iot_data.devices")
    assert names == [("D",)]
    assert done["registeredCount"] == uploads.desk.registered() > 0


@pytest.fixture
def stub(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Iterator[S3Stub]:
    """An S3 that has the file of any import, and the faults that a test gives it."""
    with S3Stub(FILE) as stub:
        for name, value in {
            "IMPORT_BUCKET": BUCKET,
            "AWS_ENDPOINT_URL": stub.url,
            "AWS_DEFAULT_REGION": "eu-central-1",
            "AWS_ACCESS_KEY_ID": "x",
            "AWS_SECRET_ACCESS_KEY": "x",
        }.items():
            monkeypatch.setenv(name, value)
        client.cache_clear()
        yield stub
        client.cache_clear()


@pytest.mark.parametrize("before", [0, 2], ids=["when it is looked for", "in the middle"])
# The SDK itself asks once more where S3 is slow.
@pytest.mark.parametrize("faults", [[SLOW_DOWN] * 2, [DENIED]], ids=["slow", "denied"])
def test_what_may_pass_is_tried_again(
    faults: list[Fault], before: int, desk: Desk, stub: S3Stub, small_windows: None
) -> None:
    stub.faults.extend([*[Fault()] * before, *faults])
    _is_postponed_and_done_later(desk)


def test_an_answer_that_breaks_off_is_asked_for_again(
    desk: Desk, stub: S3Stub, small_windows: None
) -> None:
    stub.faults.extend([Fault(), Fault(), CUT])
    _is_postponed_and_done_later(desk)


def _is_postponed_and_done_later(desk: Desk) -> None:
    uploads = Uploads(desk, None)
    import_id = uploads.ask()["importId"]
    assert uploads.go_on(import_id)["status"] in ("awaiting_upload", "running")
    assert desk.sandbox.value("SELECT last_error FROM iot_data.device_import_work")
    assert counts(uploads.go_on(import_id)) == ("succeeded", COUNT, 0)


def test_a_file_is_asked_for_part_by_part_and_in_its_version(
    desk: Desk, stub: S3Stub, small_windows: None
) -> None:
    uploads = Uploads(desk, None)
    uploads.go_on(uploads.ask()["importId"])
    parts = [part.removeprefix("bytes=").split("-") for part in stub.gets]
    assert [int(start) for start, _ in parts] == sorted(int(start) for start, _ in parts)
    assert max(int(end) - int(start) + 1 for start, end in parts) == 400
    assert sum(int(end) - int(start) + 1 for start, end in parts) == len(FILE)
