"""Table of contents: every trigger and every route of the application."""

from typing import Any

from chalice.app import (
    AuthRequest,
    AuthResponse,
    Chalice,
    CloudWatchEvent,
    CORSConfig,
    SQSEvent,
)

from chalicelib import logs, settings
from chalicelib.access import gate
from chalicelib.access.routes import routes as access_routes
from chalicelib.console.routes import routes as page_routes
from chalicelib.database.migrate import migrate as run_migration
from chalicelib.features.device_parameters import invocations as sync_invocations
from chalicelib.features.device_parameters.routes import routes as device_parameters_routes
from chalicelib.features.heartbeats import invocations as heartbeat_invocations
from chalicelib.features.heartbeats import settings as heartbeat_settings
from chalicelib.features.heartbeats.routes import routes as heartbeats_routes
from chalicelib.features.parquet_loads import invocations as load_invocations
from chalicelib.features.parquet_loads.routes import routes as loads_routes
from chalicelib.http import in_our_envelope
from chalicelib.lambda_events import accepting_bare_payload
from chalicelib.openapi.routes import routes as openapi_routes

logs.configure_json(settings.log_level())
app = Chalice(app_name="device-parameters", configure_logs=False)
if origin := settings.cors_allow_origin():
    app.api.cors = CORSConfig(allow_origin=origin, allow_headers=["Authorization"], max_age=600)
app.register_blueprint(page_routes)
app.register_blueprint(openapi_routes)
app.register_blueprint(access_routes)
app.register_blueprint(device_parameters_routes)
app.register_blueprint(heartbeats_routes)
app.register_blueprint(loads_routes)
app.register_middleware(in_our_envelope, "http")


@app.authorizer(ttl_seconds=gate.POLICY_SECONDS)
def authorize(request: AuthRequest) -> AuthResponse | dict[str, Any]:
    """Who calls, and what may they?"""
    return gate.authorize(request)


@app.schedule(settings.sync_schedule())
def sync_device_parameters(event: CloudWatchEvent) -> dict[str, Any]:
    """Hourly, five minutes after each bucket closes."""
    return sync_invocations.run_event(event.to_dict(), event.context)


@app.on_cw_event(sync_invocations.MEASUREMENTS_LOADED)
def sync_after_load(event: CloudWatchEvent) -> dict[str, Any]:
    """Soon after measurements were loaded; a burst of loads is one run."""
    return sync_invocations.run_after_load(event.to_dict(), event.context)


@app.lambda_function()
def migrate(event: object, context: Any) -> dict[str, Any]:
    """Bring the schema to a revision, head by default; invoked by hand or by a pipeline."""
    return run_migration(event, context)


@app.lambda_function()
def record_heartbeats(event: Any, context: Any) -> dict[str, Any]:
    """From an IoT rule, EventBridge, or whoever invokes it with one heartbeat or a batch."""
    return heartbeat_invocations.record_event(event, context)


@app.on_sqs_message(
    heartbeat_settings.queue_name(), batch_size=1000, maximum_batching_window_in_seconds=1
)
def record_queued_heartbeats(event: SQSEvent) -> dict[str, Any]:
    """At high rates: many messages are one statement."""
    return heartbeat_invocations.record_queued(event.to_dict(), event.context)


@app.schedule(heartbeat_settings.check_schedule())
def check_heartbeats(event: CloudWatchEvent) -> dict[str, Any]:
    """Every minute: silence is an event."""
    return heartbeat_invocations.check_silence(event.context)


@app.on_cw_event(load_invocations.OBJECT_CREATED)
def load_parquet(event: CloudWatchEvent) -> dict[str, Any]:
    """A Parquet file was put into a bucket."""
    return load_invocations.load_event(event.to_dict(), event.context)


sync_device_parameters = accepting_bare_payload(sync_device_parameters)
check_heartbeats = accepting_bare_payload(check_heartbeats)
load_parquet = accepting_bare_payload(load_parquet)
gate.close(app, authorize)
