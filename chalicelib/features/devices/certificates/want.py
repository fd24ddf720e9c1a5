"""Wanting a certificate for a device, and wanting one no more, in the caller's transaction."""

from dataclasses import dataclass, field
from uuid import UUID, uuid4

from sqlalchemy import Connection

from chalicelib.audit import Actor
from chalicelib.features.devices.certificates import store
from chalicelib.features.devices.certificates.context import LEASE
from chalicelib.features.devices.certificates.errors import (
    IdentityBusyError,
    KeyInUseError,
    NoThingNameError,
    TooManyCertificatesError,
    UnknownCertificateError,
)
from chalicelib.features.devices.certificates.keys import KeyRequest
from chalicelib.features.devices.certificates.model import (
    MAX_LIVE_CERTIFICATES,
    Certificate,
    is_thing_name,
)
from chalicelib.features.devices.certificates.store import Owned
from chalicelib.features.devices.errors import UnknownDeviceError
from chalicelib.features.devices.model import Action
from chalicelib.features.devices.noting import note_by
from chalicelib.ids import new_id


@dataclass(frozen=True)
class Wish:
    """A certificate that somebody wants, before anything stands in the database.

    *claim_id* is the claim of a request that tells IoT Core itself, right after its commit; None
    leaves that to the schedule.
    """

    key: KeyRequest
    certificate_id: str = field(default_factory=lambda: new_id("cert"))
    claim_id: UUID | None = field(default_factory=uuid4)


def require_device(connection: Connection, device_id: str, organization: str) -> Owned:
    """The device, locked; raises `UnknownDeviceError` where whoever asks sees none."""
    device = store.lock_device(connection, device_id, organization)
    if device is None:
        raise UnknownDeviceError(device_id)
    return device


def want(
    connection: Connection,
    actor: Actor,
    device: Owned,
    wish: Wish,
    *,
    revokes_others: bool = False,
) -> Certificate:
    """Have the device, which the transaction has made or locked, get the certificate of *wish*."""
    _require_possible(connection, device)
    store.want_thing(connection, device)
    if not store.add_certificate(
        connection, device, wish.certificate_id, wish.key, revokes_others=revokes_others
    ):
        raise KeyInUseError(
            "this key has a certificate, or had one that was revoked: make another key",
            parameter="csr",
        )
    is_ours = store.want_work(connection, device, wish.claim_id, LEASE)
    if wish.key.private_key is not None and not is_ours:
        # Whoever is at the device does not have the key, and would undo it.
        raise IdentityBusyError(
            "certificates of the device are being changed: try again in a minute, or send a csr"
        )
    after = {
        "certificateId": wish.certificate_id,
        "publicKeySha256": wish.key.public_key_sha256,
        "revokesOthers": revokes_others,
    }
    note_by(connection, actor, Action.CERTIFICATE_REQUESTED, device, after=after)
    return store.find_certificate(connection, wish.certificate_id)


def revoke(
    connection: Connection,
    actor: Actor,
    device: Owned,
    certificate_id: str,
    claim_id: UUID | None,
) -> Certificate:
    """Have the certificate be revoked; raises `UnknownCertificateError` where there is none."""
    if not store.has_certificate(connection, device.device_id, certificate_id):
        raise UnknownCertificateError(certificate_id)
    if store.revoke(connection, device.device_id, certificate_id):
        store.want_work(connection, device, claim_id, LEASE)
        after = {"certificateId": certificate_id}
        note_by(connection, actor, Action.CERTIFICATE_REVOKED, device, after=after)
    return store.find_certificate(connection, certificate_id)


def want_nothing(connection: Connection, device_id: str) -> None:
    """Have a device that is being deleted lose its certificates and its thing."""
    organization_id = store.switch_all_off(connection, device_id)
    if organization_id is not None:
        store.want_work(connection, Owned(device_id, organization_id), None, LEASE)


def _require_possible(connection: Connection, device: Owned) -> None:
    if not is_thing_name(device.device_id):
        raise NoThingNameError(
            "no thing can be called like the device: letters, digits, and : _ - only, at most 128",
            deviceId=device.device_id,
        )
    if store.count_live(connection, device.device_id) >= MAX_LIVE_CERTIFICATES:
        raise TooManyCertificatesError(
            f"the device has {MAX_LIVE_CERTIFICATES} certificates: revoke one first"
        )
