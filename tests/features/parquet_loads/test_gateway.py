"""How a load understands the answers of S3, and missing answers."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chalicelib.features.parquet_loads import gateway
from chalicelib.features.parquet_loads.errors import (
    ObjectChangedError,
    ObjectForbiddenError,
    ObjectMissingError,
    SourceUnavailableError,
    UnloadableError,
)
from chalicelib.features.parquet_loads.gateway import BLOCKS_KEPT, RemoteFile
from chalicelib.features.parquet_loads.model import Location
from tests.features.parquet_loads import s3_stub
from tests.features.parquet_loads.conftest import use_no_account
from tests.features.parquet_loads.s3_stub import Fault, S3Stub

LOCATION = Location("readings", "dataset=generation/a b+c.parquet")
# Small ones: what counts is where they begin and end.
BLOCK_BYTES = 4_096
DATA = b"".join(number.to_bytes(4, "big") for number in range(5 * BLOCK_BYTES // 4 + 321))


@pytest.fixture(scope="module")
def stub() -> Iterator[S3Stub]:
    with S3Stub(DATA) as stub, pytest.MonkeyPatch.context() as patch:
        use_no_account(patch)
        patch.setenv("AWS_ENDPOINT_URL", stub.url)
        patch.setattr(gateway, "BLOCK_BYTES", BLOCK_BYTES)
        patch.setattr(gateway, "_FIRST_WAIT_SECONDS", 0.001)
        gateway.client.cache_clear()
        yield stub
        gateway.client().close()
        gateway.client.cache_clear()


@pytest.fixture
def s3(stub: S3Stub) -> S3Stub:
    """An object that can be read."""
    stub.data = DATA
    stub.faults.clear()
    stub.requests.clear()
    stub.before_each = lambda: None
    return stub


def open_file() -> RemoteFile:
    return RemoteFile(gateway.look_at(LOCATION))


reads = st.lists(
    st.tuples(st.integers(0, len(DATA) + 10), st.integers(-1, 3 * BLOCK_BYTES)), max_size=12
)


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(reads=reads)
def test_an_object_reads_like_a_local_file(s3: S3Stub, reads: list[tuple[int, int]]) -> None:
    file = open_file()
    for offset, size in reads:
        assert file.seek(offset) == offset
        expected = DATA[offset:] if size < 0 else DATA[offset : offset + size]
        assert file.read(size) == expected
        assert file.tell() == offset + len(expected)
    assert file.seek(-4, 2) == len(DATA) - 4
    assert file.seek(2, 1) == len(DATA) - 2
    assert file.read() == DATA[-2:]


def test_neighbouring_bytes_come_with_one_request(s3: S3Stub) -> None:
    file = open_file()
    file.read(3 * BLOCK_BYTES)
    assert s3.gets == [f"bytes=0-{3 * BLOCK_BYTES - 1}"]
    file.seek(10)
    file.read(2 * BLOCK_BYTES)
    assert len(s3.gets) == 1, "what was read lately is at hand"


def test_only_a_few_blocks_are_kept(s3: S3Stub) -> None:
    s3.data = bytes((BLOCKS_KEPT + 4) * BLOCK_BYTES)
    file = open_file()
    while file.read(BLOCK_BYTES // 2):
        pass
    assert len(file._blocks) == BLOCKS_KEPT


@pytest.mark.parametrize("fault", s3_stub.TRANSIENT, ids=lambda fault: fault.code or str(fault))
def test_a_retryable_fault_is_waited_out(s3: S3Stub, fault: Fault) -> None:
    file = open_file()
    s3.faults.extend([fault, fault])
    assert file.read() == DATA
    assert len(s3.gets) == 3


@pytest.mark.parametrize("fault", s3_stub.TRANSIENT, ids=lambda fault: fault.code or str(fault))
def test_a_fault_that_lasts_ends_in_an_error(s3: S3Stub, fault: Fault) -> None:
    file = open_file()
    s3.faults.extend([fault] * gateway.ATTEMPTS)
    with pytest.raises(SourceUnavailableError):
        file.read()
    assert not s3.faults


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        (s3_stub.DENIED, ObjectForbiddenError),
        (s3_stub.NO_KEY, ObjectForbiddenError),
        (s3_stub.KMS_STATE, ObjectForbiddenError),
        (s3_stub.ARCHIVED, ObjectForbiddenError),
        (s3_stub.GONE, ObjectMissingError),
    ],
    ids=lambda case: getattr(case, "code", ""),
)
def test_a_request_that_was_refused_for_good_is_not_repeated(
    s3: S3Stub, fault: Fault, expected: type[UnloadableError]
) -> None:
    file = open_file()
    s3.faults.append(fault)
    with pytest.raises(expected) as refusal:
        file.read(1)
    assert len(s3.gets) == 1
    assert refusal.value.details["url"] == "s3://readings/dataset=generation/a b+c.parquet"


@pytest.mark.parametrize(
    ("status", "expected"), [(403, ObjectForbiddenError), (404, ObjectMissingError)]
)
def test_an_object_that_cannot_be_looked_at_is_an_error(
    s3: S3Stub, status: int, expected: type[UnloadableError]
) -> None:
    s3.faults.append(Fault(status))
    with pytest.raises(expected):
        gateway.look_at(LOCATION)


def test_an_object_that_changes_while_it_is_read_is_noticed(s3: S3Stub) -> None:
    file = open_file()
    file.read(1)
    s3.data = DATA[::-1]
    file.seek(4 * BLOCK_BYTES)
    with pytest.raises(ObjectChangedError):
        file.read(1)


def test_an_object_that_shrinks_while_it_is_read_is_noticed(s3: S3Stub) -> None:
    file = open_file()
    s3.faults.append(Fault(416, "InvalidRange"))
    with pytest.raises(ObjectChangedError):
        file.read(1)


def test_an_address_that_nobody_listens_at_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    use_no_account(monkeypatch)
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setattr(gateway, "_FIRST_WAIT_SECONDS", 0.001)
    gateway.client.cache_clear()
    with pytest.raises(SourceUnavailableError, match=r"127\.0\.0\.1"):
        gateway.look_at(LOCATION)
    gateway.client.cache_clear()


def test_a_key_too_long_for_its_rejects_is_named(s3: S3Stub, tmp_path: Path) -> None:
    answer = {
        "Error": {"Code": "KeyTooLongError", "Message": "Your key is too long"},
        "ResponseMetadata": {"HTTPStatusCode": 400},
    }
    error = gateway._application_error(LOCATION, answer)
    assert isinstance(error, UnloadableError)
    assert "longer than S3 takes" in error.message
