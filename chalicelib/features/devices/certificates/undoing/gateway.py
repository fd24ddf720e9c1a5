"""What is asked of AWS IoT Core to find, and take back, what a device has there.

Each call may be repeated: what is not there any more is overlooked.
"""

from collections.abc import Iterator
from datetime import datetime
from functools import cache
from typing import Any

from chalicelib.features.devices.certificates.gateway import overlooking, patience, translated
from chalicelib.features.devices.certificates.model import AtAws

_GONE = "ResourceNotFoundException"
_PAGE_SIZE = 250


def ids_since(since: datetime) -> Iterator[list[str]]:
    """The certificates that were made since then, the newest first, some at a time."""
    marker: dict[str, str] = {}
    while True:
        with translated():
            answer = client().list_certificates(pageSize=_PAGE_SIZE, ascendingOrder=False, **marker)
        certificates = answer["certificates"]
        fresh = [one for one in certificates if one["creationDate"] >= since]
        yield [one["certificateId"] for one in fresh]
        if len(fresh) < len(certificates) or not answer.get("nextMarker"):
            return
        marker = {"marker": answer["nextMarker"]}


def describe(aws_id: str) -> AtAws | None:
    """The certificate, if it is there."""
    with translated(), overlooking(_GONE):
        found = client().describe_certificate(certificateId=aws_id)["certificateDescription"]
        return AtAws(aws_id, found["certificateArn"], found["certificatePem"])
    return None


def switch_off(aws_id: str, status: str) -> None:
    """Let the certificate in no more; `INACTIVE` or `REVOKED`."""
    with translated(), overlooking(_GONE):
        client().update_certificate(certificateId=aws_id, newStatus=status)


def detach(thing_name: str, arn: str) -> None:
    """Take from the certificate what it allows, and whom it is for."""
    with translated(), overlooking(_GONE):
        for policy in client().list_attached_policies(target=arn)["policies"]:
            client().detach_policy(policyName=policy["policyName"], target=arn)
    with translated(), overlooking(_GONE):
        client().detach_thing_principal(thingName=thing_name, principal=arn)


def delete_certificate(aws_id: str) -> None:
    """Have AWS forget the certificate, which has been switched off and detached."""
    with translated(), overlooking(_GONE):
        client().delete_certificate(certificateId=aws_id)


def delete_thing(name: str) -> None:
    """Have AWS forget the thing, which has no certificate any more."""
    with translated(), overlooking(_GONE):
        client().delete_thing(thingName=name)


@cache
def client() -> Any:
    """The SDK's client, kept for the life of a container."""
    # The SDK takes longer to import than most requests take to answer.
    import boto3

    return boto3.client("iot", config=patience())
