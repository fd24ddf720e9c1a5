"""Certificates for many devices at once, each from a request that the device has signed."""

from sqlalchemy import Connection

from chalicelib.audit import Actor
from chalicelib.errors import ApplicationError
from chalicelib.features.devices.certificates import issue
from chalicelib.features.devices.certificates.bodies import FleetCertificate, FleetRow, RowError
from chalicelib.features.devices.certificates.keys import KeyRequest, read_csr
from chalicelib.features.devices.certificates.want import Wish, require_device, want

Read = KeyRequest | ApplicationError


def require_managed() -> None:
    """Raise `NoIdentitiesError` where nobody would make the certificates."""
    if not issue.is_managed():
        raise issue.no_identities()


def read_all(rows: list[FleetCertificate]) -> list[Read]:
    """What each row asks for, or why that cannot be: one that is wrong holds up no other."""
    return [_read(row.csr, f"certificates[{number}].csr") for number, row in enumerate(rows)]


def want_all(
    connection: Connection,
    actor: Actor,
    organization: str,
    rows: list[FleetCertificate],
    read: list[Read],
) -> list[FleetRow]:
    """Have each device get its certificate, after the commit; the rows in their order.

    Devices are locked in one order, so that two such requests wait for each other at most.
    """
    numbered = sorted(enumerate(rows), key=lambda each: each[1].device_id)
    done = {
        number: _want(connection, actor, organization, row.device_id, read[number])
        for number, row in numbered
    }
    return [done[number] for number in range(len(rows))]


def _read(csr: str, parameter: str) -> Read:
    try:
        return read_csr(csr, parameter)
    except ApplicationError as error:
        return error


def _want(
    connection: Connection, actor: Actor, organization: str, device_id: str, read: Read
) -> FleetRow:
    try:
        if isinstance(read, ApplicationError):
            raise read
        device = require_device(connection, device_id, organization)
        wish = Wish(read, claim_id=None)
        made = want(connection, actor, device, wish)
    except ApplicationError as error:
        refusal = RowError(code=error.code, message=error.message)
        return FleetRow(device_id=device_id, certificate_id=None, error=refusal)
    return FleetRow(device_id=device_id, certificate_id=made.certificate_id, error=None)
