"""What loads ask of S3: is it there, some of its bytes, and room for what was rejected."""

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
    ObjectForbiddenError,
    ObjectMissingError,
    UnloadableError,
)
from chalicelib.features.parquet_loads.ledger import Location, ObjectVersion
from chalicelib.features.parquet_loads.source_errors import (
    ObjectChangedError,
    SourceUnavailableError,
)

T = TypeVar("T")

# A request takes some 30 ms however little it asks for, and a file has a buffer a column.
BLOCK_BYTES = 2 * 2**20
BLOCKS_KEPT = 16
ATTEMPTS = 5
_FIRST_WAIT_SECONDS = 0.2
_MISSING = ("NoSuchKey", "NoSuchBucket", "NoSuchVersion")
# Rejects have a longer key than the object they are of.
_TOO_LONG = "KeyTooLongError"
_UNVERSIONED = "null"


def look_at(location: Location) -> ObjectVersion:
    """What is there now.

    Raises `ObjectMissingError` and `ObjectForbiddenError`; `SourceUnavailableError` where S3 did
    not say. Without the right to list the bucket, S3 calls what is missing forbidden.
    """
    head = _asked(location, lambda s3, at: s3.head_object(**at))
    etag, modified_at = head["ETag"], head["LastModified"]
    version_id = head.get("VersionId", _UNVERSIONED)
    # Written again with the same bytes, an object is newer than it was, and may win where it lost.
    unversioned = f"{etag.strip(chr(34))}@{modified_at:%Y-%m-%dT%H:%M:%SZ}"
    version = unversioned if version_id == _UNVERSIONED else version_id
    return ObjectVersion(location, version, head["ContentLength"], modified_at, etag)


def keep(location: Location, path: Path) -> None:
    """Put the file at *path* there, in place of what there is."""
    with path.open("rb") as file:

        def put(s3: Any, at: dict[str, str]) -> None:
            file.seek(0)
            s3.put_object(**at, Body=file)

        _asked(location, put)


def discard(location: Location) -> None:
    """Delete what is there, if anything."""
    _asked(location, lambda s3, at: s3.delete_object(**at))


class RemoteFile(BufferedIOBase):
    """An object as a file: what is read is fetched, in blocks, of which the last used are kept.

    Raises `ObjectChangedError` once the object is another than *found*.
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
        """Neighbours that are missing come with one request."""
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
    """The bytes `[start, end)`, all of them, of this version and no other."""

    def get(s3: Any, at: dict[str, str]) -> bytes:
        asked = {"Range": f"bytes={start}-{end - 1}", "IfMatch": found.etag}
        # As a context the body would be the bare stream, whose errors are not the SDK's.
        with closing(s3.get_object(**at, **asked)["Body"]) as body:
            data: bytes = body.read()
        if len(data) != end - start:
            raise SourceUnavailableError(f"S3 broke off in the middle of {found.location.url}")
        return data

    return _asked(found.location, get)


def _asked(location: Location, request: Callable[[Any, dict[str, str]], T]) -> T:
    """What *request* gets, asked again with backoff while S3 has no usable answer."""
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
            return request(client(), {"Bucket": location.bucket, "Key": location.key})

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
    """What S3's refusal means; what is not known to be for good is taken to pass."""
    code, message = response["Error"]["Code"], response["Error"].get("Message", "")
    status = response["ResponseMetadata"]["HTTPStatusCode"]
    facts = {"url": location.url, "aws_code": code}
    if code in _MISSING or status == 404:
        return ObjectMissingError(f"there is no {location.url}", **facts)
    if status == 403 or code.startswith("KMS."):
        return ObjectForbiddenError(f"{location.url} may not be read: {code} {message}", **facts)
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

    # Tried again here, because a body that breaks off is nothing the SDK tries again.
    config = Config(connect_timeout=2, read_timeout=15, retries={"total_max_attempts": 1})
    return boto3.client("s3", config=config)
