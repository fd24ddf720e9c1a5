"""What the schedule of users starts."""

from typing import Any

from chalicelib import database, metrics
from chalicelib.database import Deadline
from chalicelib.features.users.feature import FEATURE, USER_POOL_ID
from chalicelib.features.users.identities import follow
from chalicelib.settings import database_from_environment

TIME_LIMIT_SECONDS = 60.0


def follow_identities(context: Any) -> dict[str, Any]:
    """Tell the user pool of users, and say how many it has still to be told of.

    Without a user pool there is nobody to tell; what there is to say waits until one is configured.
    """
    pool = USER_POOL_ID.value_if_set()
    if pool is None:
        return {"is_configured": False}
    engine = database.engine_for(database_from_environment())
    left = follow(engine, Deadline.of_invocation(context, TIME_LIMIT_SECONDS), pool)
    counts, seconds = {"IdentitiesWaiting": left.count}, {"IdentityDelay": left.oldest_seconds}
    metrics.publish(FEATURE.name, counts, seconds)
    return {"is_configured": True, "waiting": left.count}
