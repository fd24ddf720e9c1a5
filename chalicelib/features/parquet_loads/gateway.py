"""What loads ask of S3: the state of an object, parts of it, and to keep the rejected rows."""

from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from functools import cache
from io import SEEK_CUR, SEEK_END, SEEK_SET, BufferedIOBase
from pathlib import Path
from typing import Any, TypeVar

from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_exponential_jitter

from chalicelib.errors import ApplicationError
from chalicelib.features.parquet_loads.errors import (
    ObjectChangedError,
    ObjectForbiddenError,
    ObjectMissingError,
    SourceUnavailableError,
    UnloadableError,
)
from chalicelib.features.parquet_loads.model import Location, ObjectVersion

T = TypeVar("T")

# A request takes some 30 ms however little it asks for, so neighbouring reads share a block. And
# Arrow reads a buffer for each column in turn, so the last few blocks are kept.
BLOCK_BYTES = 2 * 2**20
BLOCKS_KEPT = 16
ATTEMPTS = 5
_FIRST_WAIT_SECONDS = 0.2
_MISSING = ("NoSuchKey", "NoSuchBucket", "NoSuchVersion")
# The key of the rejected rows is longer than that of the object, so it may be too long.
_TOO_LONG = "KeyTooLongError"
_UNVERSIONED = "null"


def look_at(location: Location) -> ObjectVersion:
    """The object as it is now.

    Raises `ObjectMissingError` or `ObjectForbiddenError`, and `SourceUnavailableError` where S3
    gave no answer. Whoever may not list the bucket is told that a missing object is forbidden.
    """
    head = _request(location, lambda s3, at: s3.head_object(**at))
    etag, modified_at = head["ETag"], head["LastModified"]
    version_id = head.get("VersionId", _UNVERSIONED)
    # An object that is written again with the same bytes has the same ETag. But it is newer, and
    # may now win where it lost before. So the time belongs to the version.
    unversioned = f"{etag.strip(chr(34))}@{modified_at:%Y-%m-%dT%H:%M:%SZ}"
    version = unversioned if version_id == _UNVERSIONED else version_id
    return ObjectVersion(location, version, head["ContentLength"], modified_at, etag)


def keep(location: Location, path: Path) -> None:
    """Upload the file at *path*, replacing what is there."""
    with path.open("rb") as file:

        def put(s3: Any, at: dict[str, str]) -> None:
            file.seek(0)
            s3.put_object(**at, Body=file)

        _request(location, put)


def discard(location: Location) -> None:
    """Delete the object, if there is one."""
    _request(location, lambda s3, at: s3.delete_object(**at))


class RemoteFile(BufferedIOBase):
    """An object as a file. It is fetched in blocks, and the last used blocks are kept.

    Raises `ObjectChangedError` as soon as the object is no longer the version *found*.
    """

    def __init__(self, found: ObjectVersion) -> None:
        self._found = found
        self._position = 0
        self._blocks: OrderedDict[int, bytes] = OrderedDict()

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = SEEK_SET) -> int:
        start = {SEEK_SET: 0, SEEK_CUR: self._position, SEEK_END: self._found.size}[whence]
        self._position = max(0, start + offset)
        return self._position

    def read(self, size: int | None = -1, /) -> bytes:
        rest = max(0, self._found.size - self._position)
        wanted = rest if size is None or size < 0 else min(size, rest)
        if not wanted:
            return b""
        first, last = self._position // BLOCK_BYTES, (self._position + wanted - 1) // BLOCK_BYTES
        data = b"".join(self._blocks_between(first, last))
        start = self._position - first * BLOCK_BYTES
        self._position += wanted
        return data[start : start + wanted]

    def _blocks_between(self, first: int, last: int) -> list[bytes]:
        """The blocks from *first* to *last*. One request fetches those that are missing."""
        missing = [number for number in range(first, last + 1) if number not in self._blocks]
        fetched = dict(self._fetched(missing[0], missing[-1])) if missing else {}
        found = [
            fetched[number] if number in fetched else self._blocks[number]
            for number in range(first, last + 1)
        ]
        for number, block in zip(range(first, last + 1), found, strict=True):
            self._keep(number, block)
        return found

    def _fetched(self, first: int, last: int) -> Iterator[tuple[int, bytes]]:
        start = first * BLOCK_BYTES
        end = min((last + 1) * BLOCK_BYTES, self._found.size)
        data = _range(self._found, start, end)
        for number in range(first, last + 1):
            offset = number * BLOCK_BYTES - start
            yield number, data[offset : offset + BLOCK_BYTES]

    def _keep(self, number: int, block: bytes) -> None:
        self._blocks[number] = block
        self._blocks.move_to_end(number)
        if len(self._blocks) > BLOCKS_KEPT:
            self._blocks.popitem(last=False)


def _range(found: ObjectVersion, start: int, end: int) -> bytes:
    """All of the bytes `[start, end)`, of this version and no other."""

    def get(s3: Any, at: dict[str, str]) -> bytes:
        part = {"Range": f"bytes={start}-{end - 1}", "IfMatch": found.etag}
        # Used as a context manager, the body would hand out the bare stream, which raises errors
        # of urllib3 instead of errors of the SDK.
        with closing(s3.get_object(**at, **part)["Body"]) as body:
            data: bytes = body.read()
        if len(data) != end - start:
            raise SourceUnavailableError(f"S3 broke off in the middle of {found.location.url}")
        return data

    return _request(found.location, get)


def _request(location: Location, send: Callable[[Any, dict[str, str]], T]) -> T:
    """The answer to what *send* asks, repeated with backoff while S3 gives no usable answer."""
    retrying = Retrying(
        retry=retry_if_exception_type(SourceUnavailableError),
        wait=wait_exponential_jitter(
            multiplier=_FIRST_WAIT_SECONDS, max=5, jitter=_FIRST_WAIT_SECONDS
        ),
        stop=stop_after_attempt(ATTEMPTS),
        reraise=True,
    )

    def attempt() -> T:
        with _translated_errors(location):
            return send(client(), {"Bucket": location.bucket, "Key": location.key})

    return retrying(attempt)


@contextmanager
def _translated_errors(location: Location) -> Iterator[None]:
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        yield
    except ClientError as error:
        raise _application_error(location, error.response) from error
    except BotoCoreError as error:
        raise SourceUnavailableError(f"S3: {error}", url=location.url) from error


def _application_error(location: Location, response: dict[str, Any]) -> ApplicationError:
    """The error that S3's refusal stands for. An unknown refusal is taken to be retryable."""
    code, message = response["Error"]["Code"], response["Error"].get("Message", "")
    status = response["ResponseMetadata"]["HTTPStatusCode"]
    facts = {"url": location.url, "aws_code": code}
    if code in _MISSING or status == 404:
        return ObjectMissingError(f"there is no {location.url}", **facts)
    if status == 403 or code.startswith("KMS."):
        return ObjectForbiddenError(
            f"reading {location.url} is not allowed: {code} {message}", **facts
        )
    if code == _TOO_LONG:
        return UnloadableError(f"the key of {location.url} is longer than S3 takes", **facts)
    if status in (412, 416):
        return ObjectChangedError(f"{location.url} has changed", **facts)
    return SourceUnavailableError(f"S3 says {code}: {message}", **facts)


@cache
def client() -> Any:
    """The SDK's client, kept for the life of a container."""
    # The SDK takes longer to import than a route takes to answer.
    import boto3
    from botocore.config import Config

    # The SDK does not repeat a request whose body breaks off, so the retries are done here.
    config = Config(connect_timeout=2, read_timeout=15, retries={"total_max_attempts": 1})
    return boto3.client("s3", config=config)
