"""Table of contents: every trigger and every route of the application, by feature."""

import gc

# Importing makes many objects and hardly any garbage: looking for it meanwhile is a good part of a
# cold start. The last line turns it on again.
gc.disable()

from typing import Any

from chalice.app import (
    AuthRequest,
    AuthResponse,
    Chalice,
    CloudWatchEvent,
    CORSConfig,
    KinesisEvent,
    SQSEvent,
)

from chalicelib import logs, settings
from chalicelib.console.routes import routes as console_routes
from chalicelib.database.migrate import migrate as run_migration
from chalicelib.features.device_parameters import invocations as device_parameters
from chalicelib.features.device_parameters.feature import SYNC_SCHEDULE
from chalicelib.features.device_parameters.removals.routes import routes as removals_routes
from chalicelib.features.device_parameters.routes import routes as device_parameters_routes
from chalicelib.features.device_types.routes import routes as device_types_routes
from chalicelib.features.devices.certificates import invocations as certificates
from chalicelib.features.devices.certificates.feature import PROVISION_SCHEDULE
from chalicelib.features.devices.certificates.routes import routes as certificates_routes
from chalicelib.features.devices.connectivity import invocations as connectivity
from chalicelib.features.devices.connectivity.feature import CONNECTIVITY_SCHEDULE
from chalicelib.features.devices.connectivity.routes import routes as connectivity_routes
from chalicelib.features.devices.imports import invocations as device_imports
from chalicelib.features.devices.imports.feature import IMPORT_SCHEDULE
from chalicelib.features.devices.imports.routes import routes as device_imports_routes
from chalicelib.features.devices.routes import routes as devices_routes
from chalicelib.features.heartbeats import invocations as heartbeats
from chalicelib.features.heartbeats.feature import CHECK_SCHEDULE, QUEUE_NAME
from chalicelib.features.heartbeats.routes import routes as heartbeats_routes
from chalicelib.features.organizations.routes import routes as organizations_routes
from chalicelib.features.parquet_loads import invocations as parquet_loads
from chalicelib.features.parquet_loads.routes import routes as parquet_loads_routes
from chalicelib.features.telemetry import invocations as telemetry
from chalicelib.features.telemetry.feature import QUEUE_NAME as TELEMETRY_QUEUE
from chalicelib.features.telemetry.feature import STREAM_NAME, TIDY_SCHEDULE
from chalicelib.features.telemetry.routes import routes as telemetry_routes
from chalicelib.features.users import invocations as users
from chalicelib.features.users.callers import look_up
from chalicelib.features.users.feature import IDENTITY_SCHEDULE
from chalicelib.features.users.routes import routes as users_routes
from chalicelib.http import gate
from chalicelib.http.answers import in_our_envelope
from chalicelib.lambda_events import accepting_bare_payload
from chalicelib.service.routes import routes as service_routes

logs.configure_json(settings.LOG_LEVEL.value())
app = Chalice(app_name="device-parameters", configure_logs=False)
if origin := settings.CORS_ALLOW_ORIGIN.value_if_set():
    app.api.cors = CORSConfig(
        allow_origin=origin,
        allow_headers=["Authorization", "Idempotency-Key", "If-Match"],
        expose_headers=["ETag", "Location"],
        max_age=600,
    )
app.register_middleware(in_our_envelope, "http")

# The service itself

app.register_blueprint(console_routes)
app.register_blueprint(service_routes)


@app.authorizer(ttl_seconds=gate.POLICY_SECONDS)
def authorize(request: AuthRequest) -> AuthResponse | dict[str, Any]:
    """Who calls, and what may they?"""
    return gate.authorize(app, request)


@app.lambda_function()
def migrate(event: object, context: Any) -> dict[str, Any]:
    """Bring the schema to a revision, head by default; invoked by hand or by a pipeline."""
    return run_migration(event, context)


# Device parameters

app.register_blueprint(device_parameters_routes)
app.register_blueprint(removals_routes)


@accepting_bare_payload
@app.schedule(SYNC_SCHEDULE.value())
def sync_device_parameters(event: CloudWatchEvent) -> dict[str, Any]:
    """Hourly, five minutes after each bucket closes."""
    return device_parameters.run_event(event.to_dict(), event.context)


@app.on_cw_event(device_parameters.MEASUREMENTS_LOADED)
def sync_after_load(event: CloudWatchEvent) -> dict[str, Any]:
    """Soon after measurements were loaded; a burst of loads is one run."""
    return device_parameters.run_after_load(event.to_dict(), event.context)


# Heartbeats

app.register_blueprint(heartbeats_routes)


@app.lambda_function()
def record_heartbeats(event: Any, context: Any) -> dict[str, Any]:
    """From an IoT rule, EventBridge, or whoever invokes it with one heartbeat or a batch."""
    return heartbeats.record_event(event, context)


@app.on_sqs_message(QUEUE_NAME.value(), batch_size=1000, maximum_batching_window_in_seconds=1)
def record_queued_heartbeats(event: SQSEvent) -> dict[str, Any]:
    """At high rates: many messages are one statement."""
    return heartbeats.record_queued(event.to_dict(), event.context)


@accepting_bare_payload
@app.schedule(CHECK_SCHEDULE.value())
def check_heartbeats(event: CloudWatchEvent) -> dict[str, Any]:
    """Every minute: silence is an event."""
    return heartbeats.check_silence(event.context)


# Parquet loads

app.register_blueprint(parquet_loads_routes)


@accepting_bare_payload
@app.on_cw_event(parquet_loads.OBJECT_CREATED)
def load_parquet(event: CloudWatchEvent) -> dict[str, Any]:
    """A Parquet file was put into a bucket."""
    return parquet_loads.load_event(event.to_dict(), event.context)


# Organizations

app.register_blueprint(organizations_routes)

# Users

app.register_blueprint(users_routes)


@accepting_bare_payload
@app.schedule(IDENTITY_SCHEDULE.value())
def follow_identities(event: CloudWatchEvent) -> dict[str, Any]:
    """Every minute: the user pool learns of users after they have been changed."""
    return users.follow_identities(event.context)


# Device types

app.register_blueprint(device_types_routes)

# Devices

app.register_blueprint(devices_routes)
app.register_blueprint(certificates_routes)
app.register_blueprint(connectivity_routes)
app.register_blueprint(device_imports_routes)


@accepting_bare_payload
@app.schedule(PROVISION_SCHEDULE.value())
def provision_devices(event: CloudWatchEvent) -> dict[str, Any]:
    """Every minute: IoT Core learns of devices after they have been changed."""
    return certificates.provision_devices(event.context)


@accepting_bare_payload
@app.schedule(IMPORT_SCHEDULE.value())
def register_imports(event: CloudWatchEvent) -> dict[str, Any]:
    """Every minute: files of devices are registered, as far as there is time."""
    return device_imports.register_imports(event.context)


@accepting_bare_payload
@app.schedule(CONNECTIVITY_SCHEDULE.value())
def decide_connectivity(event: CloudWatchEvent) -> dict[str, Any]:
    """Every minute: who is online, and who is not any more."""
    return connectivity.decide_connectivity(event.context)


# Telemetry

app.register_blueprint(telemetry_routes)


@app.on_kinesis_record(
    STREAM_NAME.value(),
    batch_size=100,
    starting_position="TRIM_HORIZON",
    maximum_batching_window_in_seconds=5,
)
def kinesis_consumer(event: KinesisEvent) -> dict[str, Any]:
    """What devices measure, from the stream: a batch is one statement."""
    return telemetry.consume_stream(event.to_dict(), event.context)


@app.lambda_function()
def iot_rule_processor(event: Any, context: Any) -> dict[str, Any]:
    """From an IoT rule, or whoever invokes it with one record or several."""
    return telemetry.process_rule(event, context)


@app.on_sqs_message(TELEMETRY_QUEUE.value(), batch_size=1000, maximum_batching_window_in_seconds=1)
def store_queued_telemetry(event: SQSEvent) -> dict[str, Any]:
    """From a queue: many messages are one statement."""
    return telemetry.consume_queue(event.to_dict(), event.context)


@accepting_bare_payload
@app.schedule(TIDY_SCHEDULE.value())
def tidy_telemetry(event: CloudWatchEvent) -> dict[str, Any]:
    """Every few minutes: old rejects go, and what is still to be told is told."""
    return telemetry.tidy_telemetry(event.context)


gate.close(app, authorize, look_up)
gc.enable()
