"""The statements of organizations, as functions: a connection first, values out."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, select

from chalicelib.bodies import UNSET
from chalicelib.database.statements import statements_beside
from chalicelib.features.organizations.bodies import Organization, OrganizationListQuery
from chalicelib.features.organizations.model import OrganizationSort, OrganizationStatus
from chalicelib.features.organizations.tables import organizations
from chalicelib.listing import Listing, Sorting, listed

sql = statements_beside(__file__)

_KNOWN = organizations.c
_SORTINGS = {
    OrganizationSort.NAME: Sorting("name", _KNOWN.name, str, _KNOWN.organization_id),
    OrganizationSort.CREATED_AT: Sorting(
        "createdAt", _KNOWN.created_at, datetime, _KNOWN.organization_id
    ),
}


@dataclass(frozen=True)
class Stored:
    """An organization, in the version that is there."""

    organization: Organization
    version: int


def add(connection: Connection, organization_id: str, name: str) -> Stored | None:
    """A new organization; None where one has that id."""
    values = {"organization_id": organization_id, "name": name}
    return _stored(connection.execute(sql.add, values).one_or_none())


def find(connection: Connection, organization_id: str) -> Stored | None:
    """The organization of that id, if there is one."""
    return _stored(connection.execute(sql.find, {"organization_id": organization_id}).one_or_none())


def lock(connection: Connection, organization_id: str) -> Stored | None:
    """The same, which nobody else changes until the transaction ends."""
    return _stored(connection.execute(sql.lock, {"organization_id": organization_id}).one_or_none())


def change(connection: Connection, changed: Organization) -> Stored:
    """Keep the name and the status of *changed*."""
    values = {
        "organization_id": changed.organization_id,
        "name": changed.name,
        "status": changed.status.value,
    }
    row = connection.execute(sql.change, values).one()
    return Stored(_read(row), row.version)


def list_organizations(
    connection: Connection, query: OrganizationListQuery
) -> Listing[Organization]:
    """A page of organizations."""
    found = select(organizations)
    if query.status is not UNSET:
        found = found.where(_KNOWN.status == query.status.value)
    return listed(connection, found, query, _SORTINGS[query.sort_by], _read)


def _stored(row: Row[Any] | None) -> Stored | None:
    return None if row is None else Stored(_read(row), row.version)


def _read(row: Row[Any]) -> Organization:
    return Organization(
        organization_id=row.organization_id,
        name=row.name,
        status=OrganizationStatus(row.status),
        created_at=row.created_at,
        updated_at=row.updated_at,
    )
