"""What this feature asks of AWS."""

import json
from typing import Any


def invoke_sync(function_name: str, payload: dict[str, Any]) -> None:
    """Have Lambda call the sync function with *payload*, without waiting for it.

    Raises botocore's `ClientError` or `BotoCoreError` where Lambda does not take the call.
    """
    # The SDK takes longer to import than most requests take to answer.
    import boto3
    from botocore.config import Config

    config = Config(connect_timeout=1, read_timeout=2, retries={"total_max_attempts": 2})
    client = boto3.client("lambda", config=config)
    client.invoke(
        FunctionName=function_name, InvocationType="Event", Payload=json.dumps(payload).encode()
    )
