"""Making organizations, and changing them."""

from collections.abc import Callable

import msgspec
from sqlalchemy import Connection

from chalicelib import audit
from chalicelib.access.errors import UnknownOrganizationError
from chalicelib.audit import Actor
from chalicelib.bodies import UNSET
from chalicelib.errors import ConflictError
from chalicelib.features.organizations import store
from chalicelib.features.organizations.bodies import Organization, OrganizationChange
from chalicelib.features.organizations.store import Stored


class OrganizationExistsError(ConflictError):
    code = "ORGANIZATION_EXISTS"


def create(connection: Connection, actor: Actor, organization_id: str, name: str) -> Stored:
    """A new organization; raises `OrganizationExistsError` where one has that id."""
    made = store.add(connection, organization_id, name)
    if made is None:
        raise OrganizationExistsError(
            f"there is an organization {organization_id!r} already", organizationId=organization_id
        )
    audit.record(
        connection,
        actor,
        "organization.created",
        _subject(organization_id),
        organization_id=organization_id,
        after=_facts(made.organization),
    )
    return made


def change(
    connection: Connection,
    actor: Actor,
    organization_id: str,
    asked: OrganizationChange,
    require_version: Callable[[int], None],
) -> Stored:
    """The organization with *asked* in it; raises `UnknownOrganizationError` if it is not there."""
    known = store.lock(connection, organization_id)
    if known is None:
        raise UnknownOrganizationError(organization_id)
    require_version(known.version)
    wanted = _merged(known.organization, asked)
    if wanted == known.organization:
        return known
    changed = store.change(connection, wanted)
    before, after = _facts(known.organization), _facts(wanted)
    audit.record(
        connection,
        actor,
        "organization.changed",
        _subject(organization_id),
        organization_id=organization_id,
        before=before,
        after=after,
    )
    return changed


def _merged(known: Organization, asked: OrganizationChange) -> Organization:
    changes = {
        name: value
        for name, value in (("name", asked.name), ("status", asked.status))
        if value is not UNSET
    }
    return msgspec.structs.replace(known, **changes)


def _subject(organization_id: str) -> str:
    return f"organization {organization_id}"


def _facts(organization: Organization) -> dict[str, object]:
    return {"name": organization.name, "status": organization.status.value}
