"""Starting a run on request: here where the caller can wait for it, else in a Lambda function."""

from dataclasses import dataclass, replace

from chalicelib.features.device_parameters import gateway
from chalicelib.features.device_parameters.bodies import Run
from chalicelib.features.device_parameters.context import Sync
from chalicelib.features.device_parameters.model import SyncRequest
from chalicelib.features.device_parameters.opening import open_run
from chalicelib.features.device_parameters.sync import record_failure, sync


@dataclass(frozen=True)
class Started:
    """A run, finished or under way elsewhere."""

    run: Run
    is_finished: bool


def start(context: Sync, request: SyncRequest, function_name: str | None) -> Started:
    """Run what *request* asks for.

    With *function_name*, API Gateway is waiting, and it cuts off after 29 seconds: the run is
    opened here and carried out by that Lambda function. A dry run is quick and always done here.
    Raises `RunAlreadyActiveError` while another run is under way.
    """
    exclusive = replace(request, is_exclusive=True)
    if function_name is None or request.dry_run:
        return Started(sync(context, exclusive), is_finished=True)
    run = open_run(context, exclusive)
    try:
        gateway.invoke_sync(function_name, {"run_id": run.run_id})
    except Exception as error:
        record_failure(context, run, error)
        raise
    return Started(run, is_finished=False)
