"""A person lets go what is held: the silence is real."""

from sqlalchemy import Connection

from chalicelib import audit
from chalicelib.audit import Actor
from chalicelib.bodies import UNSET
from chalicelib.errors import UnknownResourceError
from chalicelib.features.devices.connectivity import holds, store
from chalicelib.features.devices.connectivity.bodies import FleetHold, FleetRelease
from chalicelib.features.devices.connectivity.decide import FLEET_HOLD_ENDED, tell
from chalicelib.instants import instant

RELEASED = "released"


def release(
    connection: Connection,
    actor: Actor,
    organization_id: str,
    asked: FleetRelease,
    *,
    is_told: bool,
) -> FleetHold:
    """Have the next check declare offline what is silent; doing it again changes nothing.

    The same silence is not held a second time. Raises `UnknownResourceError` where nothing is held.
    """
    comment = None if asked.comment is UNSET else asked.comment
    is_new = store.release_hold(connection, organization_id, actor.name, comment)
    found = store.find_hold(connection, organization_id)
    if found is None:
        raise UnknownResourceError(f"nothing is held of the organization {organization_id!r}")
    if is_new:
        facts = {"since": instant(found.since), "silentCount": found.silent_count}
        subject = f"organization {organization_id}"
        audit.record(
            connection,
            actor,
            "fleet.released",
            subject,
            organization_id=organization_id,
            after=facts,
            comment=comment,
        )
        if is_told:
            news = holds.ended(organization_id, found.since, RELEASED)
            tell(connection, store.clock(connection), {FLEET_HOLD_ENDED: [news]})
    return found
