"""What is asked of AWS IoT Core to give a device a thing and a certificate.

All but `create_certificate` may be repeated: the same request for a certificate gives another one
each time. So the SDK tries nothing a second time by itself.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

from chalicelib.features.devices.certificates.errors import (
    IdentityRefusedError,
    IdentityServiceError,
)
from chalicelib.features.devices.certificates.model import AtAws, Thing

# The attribute by which a thing is known to be ours.
MARK = "registration"


def endpoint() -> str:
    """Where the devices of this account and region connect."""
    with translated():
        answer = client().describe_endpoint(endpointType="iot:Data-ATS")
    return str(answer["endpointAddress"])


def mark_of(name: str) -> str | None:
    """The mark of the thing that is called so; empty for one without, None where there is none."""
    with translated(), overlooking("ResourceNotFoundException"):
        found = client().describe_thing(thingName=name)
        return str(found.get("attributes", {}).get(MARK, ""))
    return None


def create_thing(thing: Thing) -> bool:
    """Make the thing; False where another one is called so."""
    attributes = {"attributes": {MARK: thing.mark}}
    with translated(), overlooking("ResourceAlreadyExistsException"):
        client().create_thing(thingName=thing.name, attributePayload=attributes)
        return True
    return False


def create_certificate(csr: str) -> AtAws:
    """A new certificate, with which nobody gets in yet.

    Raises `IdentityRefusedError` where the request is refused for good.
    """
    with translated(refused=("InvalidRequestException",)):
        made = client().create_certificate_from_csr(
            certificateSigningRequest=csr, setAsActive=False
        )
    return AtAws(made["certificateId"], made["certificateArn"], made["certificatePem"])


def attach_policy(policy: str, arn: str) -> None:
    """Have the certificate allow what *policy* says."""
    with translated():
        client().attach_policy(policyName=policy, target=arn)


def attach_thing(name: str, arn: str) -> None:
    """Have whoever shows the certificate be that thing."""
    with translated():
        client().attach_thing_principal(thingName=name, principal=arn)


def switch(aws_id: str, status: str) -> None:
    """Let the certificate in (`ACTIVE`) or not (`INACTIVE`, `REVOKED`)."""
    with translated():
        client().update_certificate(certificateId=aws_id, newStatus=status)


@contextmanager
def translated(refused: tuple[str, ...] = ()) -> Iterator[None]:
    """Turn the SDK's errors into ours: which call failed, and why, without what it was about."""
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        yield
    except ClientError as error:
        code = error.response.get("Error", {}).get("Code", "")
        sentence = f"{error.operation_name}: {code}"
        if code in refused:
            raise IdentityRefusedError(sentence) from error
        raise IdentityServiceError(sentence) from error
    except BotoCoreError as error:
        raise IdentityServiceError(type(error).__name__) from error


@contextmanager
def overlooking(*codes: str) -> Iterator[None]:
    """End the context where IoT Core refuses for one of these reasons, which are expected."""
    from botocore.exceptions import ClientError

    try:
        yield
    except ClientError as error:
        if error.response.get("Error", {}).get("Code") not in codes:
            raise


def patience() -> Any:
    """How long IoT Core is waited for. Whoever is not answered in time tries again later."""
    from botocore.config import Config

    return Config(connect_timeout=2, read_timeout=4, retries={"total_max_attempts": 1})


@cache
def client() -> Any:
    """The SDK's client, kept for the life of a container."""
    # The SDK takes longer to import than most requests take to answer.
    import boto3

    return boto3.client("iot", config=patience())
