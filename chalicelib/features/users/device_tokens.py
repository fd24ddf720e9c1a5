"""On which devices users get push messages."""

from sqlalchemy import Connection

from chalicelib import audit
from chalicelib.features.users import store
from chalicelib.features.users.bodies import DeviceToken, NewDeviceToken
from chalicelib.features.users.context import Request
from chalicelib.features.users.errors import UnknownDeviceTokenError
from chalicelib.features.users.profile import lock_own

# A token lets whoever knows it reach the device, so that no log shows all of it.
_SHOWN = 8


def register(connection: Connection, request: Request, asked: NewDeviceToken) -> DeviceToken:
    """Have push messages for the user that asks go to a device, and no one else's."""
    user = lock_own(connection, request).user
    registered = store.register_token(connection, user, asked.token, asked.platform)
    after = {"token": _shown(asked.token), "platform": asked.platform.value}
    subject = f"user {user.user_id}"
    audit.record(
        connection,
        request.actor,
        "user.device_registered",
        subject,
        organization_id=user.organization_id,
        after=after,
    )
    return registered


def remove(connection: Connection, request: Request, token: str) -> None:
    """Have them go there no longer; raises `UnknownDeviceTokenError` where they never did."""
    user = lock_own(connection, request).user
    if not store.remove_token(connection, user.user_id, token):
        raise UnknownDeviceTokenError("this device is not registered for you")
    audit.record(
        connection,
        request.actor,
        "user.device_removed",
        f"user {user.user_id}",
        organization_id=user.organization_id,
        before={"token": _shown(token)},
    )


def _shown(token: str) -> str:
    return f"{token[:_SHOWN]}…" if len(token) > 2 * _SHOWN else "…"
