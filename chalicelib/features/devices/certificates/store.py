"""The statements of things and certificates, as functions: a connection first, values out."""

import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row

from chalicelib.database.statements import statements_beside
from chalicelib.features.devices.certificates.keys import KeyRequest, key_and_end_of
from chalicelib.features.devices.certificates.model import (
    AtAws,
    Certificate,
    State,
    Thing,
    ThingState,
)

sql = statements_beside(__file__)

# The newest; a device has a few.
_MOST_SHOWN = 100


@dataclass(frozen=True)
class Owned:
    """A device that is there, and whose it is."""

    device_id: str
    organization_id: str


@dataclass(frozen=True)
class Unfinished:
    """What IoT Core has still to be told of a device."""

    thing: Thing
    is_thing_wanted: bool
    thing_state: ThingState
    certificates: list[Certificate]


def find_device(connection: Connection, device_id: str, organization: str) -> Owned | None:
    """The device of that id in *organization*, if there is one and it was not deleted."""
    values = {"device_id": device_id, "organization": organization}
    row = connection.execute(sql.find_device, values).one_or_none()
    return None if row is None else Owned(row.device_id, row.organization_id)


def lock_device(connection: Connection, device_id: str, organization: str) -> Owned | None:
    """The same, which nobody else changes until the transaction ends."""
    values = {"device_id": device_id, "organization": organization}
    row = connection.execute(sql.lock_device, values).one_or_none()
    return None if row is None else Owned(row.device_id, row.organization_id)


def count_live(connection: Connection, device_id: str) -> int:
    """How many certificates the device has, or is to have."""
    count: int = connection.execute(sql.count_live, {"device_id": device_id}).scalar_one()
    return count


def want_thing(connection: Connection, device: Owned) -> None:
    """Have the device get a thing."""
    values = {
        "device_id": device.device_id,
        "organization_id": device.organization_id,
        "mark": secrets.token_hex(16),
    }
    connection.execute(sql.want_thing, values)


def add_certificate(
    connection: Connection,
    device: Owned,
    certificate_id: str,
    key: KeyRequest,
    *,
    revokes_others: bool,
) -> bool:
    """Have the device get a certificate; False where the key has one, or had one revoked.

    Of a pair that was made here nothing is kept but the fingerprint: nobody else could use it.
    """
    values = {
        "certificate_id": certificate_id,
        "device_id": device.device_id,
        "organization_id": device.organization_id,
        "public_key_sha256": key.public_key_sha256,
        "csr": key.csr if key.private_key is None else None,
        "revokes_others": revokes_others,
    }
    return connection.execute(sql.add_certificate, values).first() is not None


def want_work(
    connection: Connection, device: Owned, claim_id: UUID | None, lease: timedelta
) -> bool:
    """Have IoT Core be told of the device; returns whether *claim_id* may do so, until the lease.

    Without a claim it is due at once, for whoever comes.
    """
    values = {
        "device_id": device.device_id,
        "organization_id": device.organization_id,
        "claim_id": claim_id,
        "lease": lease if claim_id else timedelta(),
    }
    is_ours: bool = connection.execute(sql.want_work, values).scalar_one()
    return is_ours


def find_certificate(connection: Connection, certificate_id: str) -> Certificate:
    """What stands of the certificate."""
    values = {"certificate_id": certificate_id}
    return _read(connection.execute(sql.find_certificate, values).one())


def has_certificate(connection: Connection, device_id: str, certificate_id: str) -> bool:
    """Whether the device has, or had, a certificate of that id."""
    values = {"device_id": device_id, "certificate_id": certificate_id}
    return bool(connection.execute(sql.has_certificate, values).scalar_one())


def list_certificates(connection: Connection, device_id: str) -> list[Certificate]:
    """The certificates of the device, the newest first."""
    values = {"device_id": device_id, "limit": _MOST_SHOWN}
    return [_read(row) for row in connection.execute(sql.list_certificates, values)]


def find_unfinished(connection: Connection, device_id: str) -> Unfinished:
    """What IoT Core has still to be told of the device."""
    values = {"device_id": device_id}
    thing = connection.execute(sql.find_thing, values).one()
    unfinished = connection.execute(sql.list_unfinished, values)
    return Unfinished(
        Thing(device_id, thing.mark),
        is_thing_wanted=thing.wanted == ThingState.THERE,
        thing_state=ThingState(thing.state),
        certificates=[_read(row) for row in unfinished],
    )


def find_thing(connection: Connection, device_id: str) -> Thing:
    """The thing of the device, whether it is there or not."""
    row = connection.execute(sql.find_thing, {"device_id": device_id}).one()
    return Thing(device_id, row.mark)


def note_thing(connection: Connection, device_id: str, state: ThingState) -> None:
    """Keep whether the thing of the device is there."""
    values = {"device_id": device_id, "state": state.value}
    connection.execute(sql.note_thing, values)


def note_attempt(connection: Connection, certificate_id: str) -> bool:
    """Keep that AWS may have the certificate from now on; False where it is wanted no more."""
    values = {"certificate_id": certificate_id}
    return connection.execute(sql.note_attempt, values).first() is not None


def note_made(connection: Connection, certificate_id: str, made: AtAws) -> None:
    """Keep which certificate AWS has made."""
    _, expires_at = key_and_end_of(made.pem)
    values = {
        "certificate_id": certificate_id,
        "aws_id": made.aws_id,
        "arn": made.arn,
        "pem": made.pem,
        "expires_at": expires_at,
    }
    connection.execute(sql.note_made, values)


def note_active(connection: Connection, certificate_id: str) -> bool:
    """Keep that it is in use; False where it is not wanted any more.

    Those that it takes the place of are to be revoked from now on.
    """
    row = connection.execute(sql.note_active, {"certificate_id": certificate_id}).one_or_none()
    if row is not None and row.revokes_others:
        values = {"certificate_id": certificate_id, "device_id": row.device_id}
        connection.execute(sql.revoke_others, values)
    return row is not None


def revoke(connection: Connection, device_id: str, certificate_id: str) -> bool:
    """Have it be revoked; False where it is not in use anyway."""
    values = {"certificate_id": certificate_id, "device_id": device_id}
    return connection.execute(sql.revoke, values).rowcount == 1


def give_up(connection: Connection, certificate_id: str, refusal: str | None = None) -> None:
    """Have it be undone, for the reason that IoT Core gave."""
    values = {"certificate_id": certificate_id, "refusal": refusal}
    connection.execute(sql.give_up, values)


def note_switched_off(connection: Connection, certificate_id: str) -> None:
    """Keep that no device gets in with it any more."""
    connection.execute(sql.note_switched_off, {"certificate_id": certificate_id})


def note_finished(connection: Connection, certificate_id: str, state: State) -> None:
    """Keep what has become of it."""
    values = {"certificate_id": certificate_id, "state": state.value}
    connection.execute(sql.note_finished, values)


def switch_all_off(connection: Connection, device_id: str) -> str | None:
    """Have the device lose its certificates and its thing; None where it never had one.

    Returns whose device it is.
    """
    values = {"device_id": device_id}
    connection.execute(sql.switch_all_off, values)
    organization_id: str | None = connection.execute(sql.unwant_thing, values).scalar_one_or_none()
    return organization_id


def unwant_refused_thing(connection: Connection, device_id: str) -> None:
    """Have the device go without a thing, unless a certificate is wanted that needs one."""
    connection.execute(sql.unwant_refused_thing, {"device_id": device_id})


def list_known(connection: Connection, aws_ids: list[str]) -> set[str]:
    """Those of *aws_ids* that stand here."""
    return set(connection.execute(sql.list_known, {"aws_ids": aws_ids}).scalars())


def is_claimed(connection: Connection, device_id: str, claim_id: UUID) -> bool:
    """Whether the work of the device is for whoever has made that claim."""
    values = {"device_id": device_id, "claim_id": claim_id}
    return bool(connection.execute(sql.is_claimed, values).scalar_one())


def settle(connection: Connection, device_id: str, claim_id: UUID) -> None:
    """Forget the work, or have it done anew where something else has been wanted meanwhile."""
    values = {"device_id": device_id, "claim_id": claim_id}
    if connection.execute(sql.lock_work, values).first() is None:
        return
    if connection.execute(sql.settle, values).rowcount == 0:
        connection.execute(sql.release, values)


def _read(row: Row[Any]) -> Certificate:
    return Certificate(
        certificate_id=row.certificate_id,
        device_id=row.device_id,
        public_key_sha256=row.public_key_sha256,
        csr=row.csr,
        wanted=State(row.wanted),
        state=State(row.state),
        refusal=row.refusal,
        aws_id=row.aws_certificate_id,
        arn=row.arn,
        pem=row.pem,
        expires_at=row.expires_at,
        created_at=row.created_at,
        attempted_at=row.attempted_at,
        switched_off_at=row.switched_off_at,
    )
