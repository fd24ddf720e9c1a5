"""What imports ask of S3: whether a file is there, and parts of it."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import cache
from typing import Any

from chalicelib.features.devices.imports.errors import FileRefusedError, FileUnavailableError
from chalicelib.features.devices.imports.model import FoundObject

_GONE = ("404", "NoSuchKey")
# The object is there, and no longer what it was.
_CHANGED = ("412", "PreconditionFailed", "416", "InvalidRange")


def look_at(bucket: str, key: str) -> FoundObject | None:
    """The object as it is now, if there is one; raises `FileUnavailableError`."""
    from botocore.exceptions import ClientError

    with _translated():
        try:
            head = client().head_object(Bucket=bucket, Key=key)
        except ClientError as error:
            if _code(error) in _GONE:
                return None
            raise
    return FoundObject(head["ETag"], head["ContentLength"])


def read(bucket: str, key: str, etag: str, start: int, end: int) -> bytes:
    """The bytes `[start, end)` of the object in the version *etag*.

    Raises `FileRefusedError` where the object is gone or another one, and `FileUnavailableError`.
    """
    part = f"bytes={start}-{end - 1}"
    with _translated():
        answer = client().get_object(Bucket=bucket, Key=key, Range=part, IfMatch=etag)
        # Used as a context manager, the body would raise errors of urllib3.
        with closing(answer["Body"]) as body:
            data: bytes = body.read()
    if len(data) != end - start:
        raise FileUnavailableError("S3 broke off in the middle of the file")
    return data


@contextmanager
def _translated() -> Iterator[None]:
    """Turn the SDK's errors into ours. What may pass, such as a lack of rights, is tried again."""
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        yield
    except ClientError as error:
        if _code(error) in _GONE:
            raise FileRefusedError("the file was deleted before all of it was read") from error
        if _code(error) in _CHANGED:
            raise FileRefusedError("the file was replaced before all of it was read") from error
        raise FileUnavailableError(f"{error.operation_name}: {_code(error)}") from error
    except BotoCoreError as error:
        raise FileUnavailableError(type(error).__name__) from error


def _code(error: Any) -> str:
    return str(error.response.get("Error", {}).get("Code", ""))


@cache
def client() -> Any:
    """The SDK's client, kept for the life of a container."""
    # The SDK takes longer to import than most requests take to answer.
    import boto3
    from botocore.config import Config

    # Whoever is not answered in time tries again a minute later.
    config = Config(connect_timeout=2, read_timeout=5, retries={"total_max_attempts": 2})
    return boto3.client("s3", config=config)
