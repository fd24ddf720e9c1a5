"""What loads ask of Timestream. Each call is one attempt, and the caller decides on another."""

from dataclasses import dataclass
from typing import Any

from chalicelib.features.parquet_loads.settings import TimestreamSettings
from chalicelib.features.parquet_loads.timestream.errors import (
    TimestreamRefusedError,
    TimestreamThrottledError,
    TimestreamUnavailableError,
)
from chalicelib.features.parquet_loads.timestream.write_requests import WriteRequest

CONNECT_TIMEOUT_SECONDS = 1
READ_TIMEOUT_SECONDS = 10
_REJECTED = "RejectedRecordsException"
_THROTTLED = "ThrottlingException"
# After an InvalidEndpointException the SDK has forgotten the endpoint, and asks for another.
_TRANSIENT = ("InternalServerException", "InvalidEndpointException")


@dataclass(frozen=True, slots=True)
class Rejection:
    """Why Timestream rejected one record of a request."""

    index: int
    reason: str
    existing_version: int | None


def open_client(settings: TimestreamSettings, connections: int) -> Any:
    """A client that as many threads as *connections* may use at once. Close it when done.

    The SDK does not validate the records, because that takes twice as long as everything else that
    it does with them.
    """
    # The SDK takes longer to import than most requests take to answer.
    import boto3
    from botocore.config import Config
    from botocore.exceptions import BotoCoreError

    config = Config(
        connect_timeout=CONNECT_TIMEOUT_SECONDS,
        read_timeout=READ_TIMEOUT_SECONDS,
        retries={"total_max_attempts": 1},
        max_pool_connections=connections,
        parameter_validation=False,
    )
    try:
        client = boto3.client("timestream-write", endpoint_url=settings.endpoint_url, config=config)
    except (BotoCoreError, ValueError) as error:
        raise TimestreamRefusedError(f"no client for Timestream: {error}") from error
    # When it is told that the endpoint is wrong, the SDK tries again at once and for ever, whatever
    # its configuration says about retries. The first handler that answers decides, and this one
    # says no.
    client.meta.events.register_first("needs-retry.timestream-write", lambda **_: False)
    return client


def write(
    client: Any, settings: TimestreamSettings, table: str, request: WriteRequest
) -> list[Rejection]:
    """Write the records of *request*. Those that are returned were rejected.

    Raises `TimestreamUnavailableError` where another try may help, and `TimestreamRefusedError`
    where it will not.
    """
    answer = _ask(
        client,
        DatabaseName=settings.database_name,
        TableName=table,
        CommonAttributes=request.common,
        Records=request.records,
    )
    if "Error" in answer:
        return _read_refusal(answer, request)
    # To the SDK, any page with status 200 is an answer, since everything in an answer is optional.
    if "RecordsIngested" not in answer:
        raise TimestreamUnavailableError("the answer is not one of Timestream")
    return []


def _ask(client: Any, **parameters: Any) -> dict[str, Any]:
    """The answer to `WriteRecords`, whether Timestream accepts or refuses it."""
    from botocore.exceptions import BotoCoreError, ClientError
    from botocore.parsers import ResponseParserError

    try:
        return dict(client.write_records(**parameters))
    except ClientError as error:
        return dict(error.response)
    except (BotoCoreError, ResponseParserError, UnicodeDecodeError) as error:
        kind = TimestreamUnavailableError if _is_retryable(error) else TimestreamRefusedError
        ours = kind(f"Timestream: {error}", aws_code=type(error).__name__)
    # The SDK's error is not made the cause of ours. It would keep its connection open for as long
    # as somebody holds our error.
    raise ours


def _is_retryable(error: Exception) -> bool:
    from botocore import exceptions
    from botocore.discovery import EndpointDiscoveryRefreshFailed
    from botocore.parsers import ResponseParserError

    unanswered = (exceptions.ConnectionError, exceptions.HTTPClientError)
    unreadable = (ResponseParserError, UnicodeDecodeError)
    return isinstance(error, (*unanswered, *unreadable, EndpointDiscoveryRefreshFailed))


def _read_refusal(response: dict[str, Any], request: WriteRequest) -> list[Rejection]:
    """The rejected records, where Timestream took the others; else the refusal is raised."""
    code = response["Error"]["Code"]
    status = response["ResponseMetadata"]["HTTPStatusCode"]
    if code == _REJECTED:
        return _rejections(response, len(request.records))
    sentence = f"Timestream says {code}: {response['Error']['Message']}"
    if code == _THROTTLED or status == 429:
        raise TimestreamThrottledError(sentence, aws_code=code)
    if code in _TRANSIENT or status >= 500:
        raise TimestreamUnavailableError(sentence, aws_code=code)
    raise TimestreamRefusedError(sentence, aws_code=code)


def _rejections(response: dict[str, Any], record_count: int) -> list[Rejection]:
    rejections = {
        each.get("RecordIndex", -1): Rejection(
            index=each.get("RecordIndex", -1),
            reason=each.get("Reason") or "no reason given",
            existing_version=each.get("ExistingVersion"),
        )
        for each in response.get("RejectedRecords", [])
    }
    if not rejections or not all(0 <= index < record_count for index in rejections):
        raise TimestreamRefusedError(
            "Timestream rejected records without saying which", aws_code=_REJECTED
        )
    return list(rejections.values())
