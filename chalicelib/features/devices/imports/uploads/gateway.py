"""Forms with which a browser, or curl, puts the file of an import into the bucket."""

from datetime import timedelta
from functools import cache
from typing import Any

from chalicelib.features.devices.imports.model import MAX_FILE_BYTES, Upload


def upload_form(bucket: str, key: str, lasts: timedelta) -> Upload:
    """A form for one object, under this *key* and of a bounded size; nobody is asked for it."""
    form = client().generate_presigned_post(
        Bucket=bucket,
        Key=key,
        Conditions=[["content-length-range", 1, MAX_FILE_BYTES]],
        ExpiresIn=int(lasts.total_seconds()),
    )
    return Upload(form["url"], form["fields"])


@cache
def client() -> Any:
    """The SDK's client, kept for the life of a container."""
    # The SDK takes longer to import than most requests take to answer.
    import boto3
    from botocore.config import Config

    # In the form would be the address of another region otherwise, which redirects, and a browser
    # does not send a file twice.
    config = Config(s3={"addressing_style": "virtual"}, signature_version="s3v4")
    return boto3.client("s3", config=config)
