"""What users ask of Amazon Cognito. Each call may be repeated."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

from chalicelib.features.users.errors import IdentityProviderError
from chalicelib.features.users.model import FoundIdentity, UserRole, WantedIdentity

_ORGANIZATION = "custom:organizationId"
_ROLE = "custom:role"


def find(pool: str, email: str) -> FoundIdentity | None:
    """The identity that signs in with *email*, if there is one.

    Raises `IdentityProviderError`, as all of these do, where the pool refuses or does not answer.
    """
    with _translated(), _overlooking("UserNotFoundException"):
        answer = client().admin_get_user(UserPoolId=pool, Username=email)
        return _found(answer["UserAttributes"], is_enabled=answer["Enabled"])
    return None


def create(pool: str, wanted: WantedIdentity) -> FoundIdentity | None:
    """A new identity, whom the pool invites by mail; None where the address is taken."""
    address = [
        {"Name": "email", "Value": wanted.email},
        {"Name": "email_verified", "Value": "true"},
    ]
    with _translated(), _overlooking("UsernameExistsException", "AliasExistsException"):
        answer = client().admin_create_user(
            UserPoolId=pool,
            Username=wanted.email,
            UserAttributes=[*address, *_attributes(wanted)],
            DesiredDeliveryMediums=["EMAIL"],
        )
        return _found(answer["User"]["Attributes"], is_enabled=answer["User"]["Enabled"])
    return None


def update(pool: str, wanted: WantedIdentity) -> None:
    """Have the attributes of the identity say what is wanted."""
    attributes = _attributes(wanted)
    with _translated():
        client().admin_update_user_attributes(
            UserPoolId=pool, Username=wanted.email, UserAttributes=attributes
        )


def enable(pool: str, email: str) -> None:
    """Let the identity sign in."""
    with _translated():
        client().admin_enable_user(UserPoolId=pool, Username=email)


def disable(pool: str, email: str) -> None:
    """Let the identity sign in no more, and renew no token that it has."""
    with _translated():
        client().admin_disable_user(UserPoolId=pool, Username=email)
        client().admin_user_global_sign_out(UserPoolId=pool, Username=email)


def keep_one_group(pool: str, email: str, role: UserRole) -> None:
    """Have the identity be in the group of *role*, and in no group of another role of ours."""
    groups = set(_groups_of(pool, email))
    with _translated():
        for other in sorted({*UserRole} & groups - {role}):
            client().admin_remove_user_from_group(
                UserPoolId=pool, Username=email, GroupName=str(other)
            )
        if role not in groups:
            client().admin_add_user_to_group(UserPoolId=pool, Username=email, GroupName=role.value)


def _groups_of(pool: str, email: str) -> Iterator[str]:
    token: dict[str, str] = {}
    while True:
        with _translated():
            answer = client().admin_list_groups_for_user(UserPoolId=pool, Username=email, **token)
        yield from (group["GroupName"] for group in answer["Groups"])
        if not answer.get("NextToken"):
            return
        token = {"NextToken": answer["NextToken"]}


def _attributes(wanted: WantedIdentity) -> list[dict[str, str]]:
    return [
        {"Name": "name", "Value": wanted.name},
        {"Name": _ORGANIZATION, "Value": wanted.organization_id},
        {"Name": _ROLE, "Value": wanted.role.value},
    ]


def _found(attributes: list[dict[str, str]], *, is_enabled: bool) -> FoundIdentity:
    said = {attribute["Name"]: attribute.get("Value") for attribute in attributes}
    return FoundIdentity(
        subject=str(said["sub"]),
        organization_id=said.get(_ORGANIZATION),
        role=said.get(_ROLE),
        name=said.get("name"),
        is_address_verified=said.get("email_verified") == "true",
        is_enabled=is_enabled,
    )


@contextmanager
def _translated() -> Iterator[None]:
    """Turn the SDK's errors into ours: which call failed, and why, without what it was about."""
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        yield
    except ClientError as error:
        code = error.response.get("Error", {}).get("Code", "")
        raise IdentityProviderError(f"{error.operation_name}: {code}") from error
    except BotoCoreError as error:
        raise IdentityProviderError(type(error).__name__) from error


@contextmanager
def _overlooking(*codes: str) -> Iterator[None]:
    """End the context where the pool refuses for one of these reasons, which are expected."""
    from botocore.exceptions import ClientError

    try:
        yield
    except ClientError as error:
        if error.response.get("Error", {}).get("Code") not in codes:
            raise


@cache
def client() -> Any:
    """The SDK's client, kept for the life of a container."""
    # The SDK takes longer to import than most requests take to answer.
    import boto3
    from botocore.config import Config

    # Whoever is not answered in time tries again a minute later.
    config = Config(connect_timeout=2, read_timeout=5, retries={"total_max_attempts": 2})
    return boto3.client("cognito-idp", config=config)
