"""What the schedule of certificates starts."""

from typing import Any

from chalicelib import database, metrics
from chalicelib.database import Deadline
from chalicelib.features.devices.certificates.feature import DEVICE_IDENTITIES, IOT_POLICY_NAME
from chalicelib.features.devices.certificates.provision import provision
from chalicelib.features.devices.feature import FEATURE
from chalicelib.settings import database_from_environment

TIME_LIMIT_SECONDS = 60.0


def provision_devices(context: Any) -> dict[str, Any]:
    """Tell IoT Core of devices, and say of how many it has still to be told.

    Where devices get no identities, what there is to say waits until they do.
    """
    if DEVICE_IDENTITIES.value() != "iot":
        return {"is_configured": False}
    engine = database.engine_for(database_from_environment())
    deadline = Deadline.of_invocation(context, TIME_LIMIT_SECONDS)
    left = provision(engine, deadline, IOT_POLICY_NAME.value())
    counts, seconds = {"DevicesWaiting": left.count}, {"ProvisioningDelay": left.oldest_seconds}
    metrics.publish(FEATURE.name, counts, seconds)
    return {"is_configured": True, "waiting": left.count}
