"""Table of contents: every trigger and every route of the application."""

from typing import Any

from chalice.app import Chalice, CloudWatchEvent

from chalicelib import logs, settings
from chalicelib.device_parameters import events
from chalicelib.device_parameters.routes import routes as device_parameters_routes

logs.configure_json(settings.log_level())
app = Chalice(app_name="device-parameters", configure_logs=False)
app.register_blueprint(device_parameters_routes)


@app.schedule(settings.sync_schedule())
def sync_device_parameters(event: CloudWatchEvent) -> dict[str, Any]:
    """Hourly, five minutes after each bucket closes."""
    return events.run_event(event.to_dict(), event.context)


sync_device_parameters = events.accepting_bare_payload(sync_device_parameters)
