-- What the role device_parameters_runtime may do, and nothing else; database-roles.md says why.
-- Written from the declarations of the features by `make template`.
--
-- As a superuser, in the application's database, after each
-- `alembic upgrade`:
--     psql --set ON_ERROR_STOP=1 --single-transaction --file docs/runtime-role.sql
-- It may be repeated at will. For another name of a role, replace it throughout.

-- Roles belong to the server rather than to one of its databases, so they may be there already.
DO $$
BEGIN
    IF to_regrole('device_parameters_refresh') IS NULL THEN
        CREATE ROLE device_parameters_refresh NOLOGIN;
    END IF;
    IF to_regrole('device_parameters_runtime') IS NULL THEN
        CREATE ROLE device_parameters_runtime LOGIN;
    END IF;
END
$$;

-- Only an owner may refresh. What is materialized is read with the owner's rights.
ALTER MATERIALIZED VIEW iot_data.device_parameters_hourly OWNER TO device_parameters_refresh;
ALTER MATERIALIZED VIEW iot_data.device_parameter_sets_hourly OWNER TO device_parameters_refresh;
GRANT SELECT ON iot_data.timescale_measurements TO device_parameters_refresh;
GRANT device_parameters_refresh TO device_parameters_runtime;

-- Whoever migrates must still be able to alter and drop the aggregates.
DO $$
DECLARE
    migrator regrole;
BEGIN
    SELECT relowner INTO STRICT migrator
    FROM pg_class
    WHERE oid = 'iot_data.device_parameters_version'::regclass;
    EXECUTE format('GRANT device_parameters_refresh TO %s', migrator);
END
$$;

-- Rows are compared in temporary tables. Where PUBLIC still has these two, they change nothing.
DO $$
BEGIN
    EXECUTE format(
        'GRANT CONNECT, TEMPORARY ON DATABASE %I TO device_parameters_runtime', current_database()
    );
END
$$;

GRANT USAGE ON SCHEMA iot_data TO device_parameters_runtime;

-- service: The service itself.
GRANT SELECT ON iot_data.device_parameters_version TO device_parameters_runtime;
GRANT SELECT, INSERT ON iot_data.audit_log TO device_parameters_runtime;
GRANT SELECT, INSERT, UPDATE, DELETE ON iot_data.idempotency_keys TO device_parameters_runtime;
GRANT SELECT, INSERT, UPDATE, DELETE ON iot_data.outbox_events TO device_parameters_runtime;

-- device_parameters: Which parameters each device reports: the table, and the runs that keep it in step.
GRANT SELECT, INSERT, UPDATE, DELETE ON iot_data.device_parameters TO device_parameters_runtime;
GRANT SELECT, INSERT, UPDATE, DELETE ON iot_data.sync_runs TO device_parameters_runtime;
GRANT USAGE ON SEQUENCE iot_data.sync_runs_run_id_seq TO device_parameters_runtime;
GRANT SELECT, INSERT, DELETE ON iot_data.device_parameter_changes TO device_parameters_runtime;
GRANT SELECT, INSERT, UPDATE, DELETE ON iot_data.held_removals TO device_parameters_runtime;
GRANT SELECT, INSERT, UPDATE, DELETE ON iot_data.sync_pause TO device_parameters_runtime;
GRANT SELECT, INSERT, UPDATE ON iot_data.redshift_devices TO device_parameters_runtime;
GRANT SELECT, INSERT, UPDATE ON iot_data.timescale_parameters TO device_parameters_runtime;
DO $$
BEGIN
    IF to_regclass('iot_data.device_parameters_legacy_view') IS NOT NULL THEN
        GRANT SELECT ON iot_data.device_parameters_legacy_view TO device_parameters_runtime;
    END IF;
END
$$;

-- heartbeats: The last state of each device, and whether the device is alive.
GRANT SELECT ON iot_data.v_devices TO device_parameters_runtime;
GRANT SELECT, INSERT, UPDATE, DELETE ON iot_data.device_state TO device_parameters_runtime;
GRANT SELECT, INSERT, UPDATE ON iot_data.device_state_fields TO device_parameters_runtime;
GRANT SELECT, INSERT, DELETE ON iot_data.stale_devices TO device_parameters_runtime;
GRANT SELECT, INSERT, UPDATE, DELETE ON iot_data.unknown_devices TO device_parameters_runtime;

-- parquet_loads: Parquet files that become readings, and what became of each file.
GRANT SELECT ON iot_data.parquet_loads TO device_parameters_runtime;

-- organizations: The organizations to which users and devices belong.
GRANT SELECT, INSERT, UPDATE ON iot_data.organizations TO device_parameters_runtime;

-- users: The users of organizations: who they are, what they may do, and how they want to be told.
GRANT SELECT, INSERT, UPDATE ON iot_data.users TO device_parameters_runtime;
GRANT SELECT, INSERT, UPDATE, DELETE ON iot_data.user_device_tokens TO device_parameters_runtime;
GRANT SELECT, INSERT, UPDATE, DELETE ON iot_data.user_identity_work TO device_parameters_runtime;
GRANT SELECT ON iot_data.v_organizations TO device_parameters_runtime;

-- device_types: What kinds of devices there are, how often they report, and what.
GRANT SELECT, INSERT, UPDATE ON iot_data.device_types TO device_parameters_runtime;
GRANT SELECT, INSERT, DELETE ON iot_data.device_type_metrics TO device_parameters_runtime;

-- devices: The devices of organizations: what each is, whether it is there, and what was changed of it.
GRANT SELECT, INSERT, UPDATE ON iot_data.devices TO device_parameters_runtime;
GRANT SELECT, INSERT, UPDATE ON iot_data.device_presence TO device_parameters_runtime;
GRANT SELECT, INSERT ON iot_data.device_changes TO device_parameters_runtime;
GRANT SELECT, INSERT, UPDATE, DELETE ON iot_data.device_counts TO device_parameters_runtime;
GRANT SELECT, INSERT, DELETE ON iot_data.device_terms TO device_parameters_runtime;
GRANT SELECT ON iot_data.v_device_parameters TO device_parameters_runtime;
GRANT SELECT ON iot_data.v_device_states TO device_parameters_runtime;
GRANT SELECT ON iot_data.v_device_types TO device_parameters_runtime;
GRANT SELECT ON iot_data.v_device_type_metrics TO device_parameters_runtime;
GRANT SELECT ON iot_data.latest_readings TO device_parameters_runtime;
GRANT SELECT, INSERT, UPDATE ON iot_data.device_things TO device_parameters_runtime;
GRANT SELECT, INSERT, UPDATE ON iot_data.device_certificates TO device_parameters_runtime;
GRANT SELECT, INSERT, UPDATE, DELETE ON iot_data.device_identity_work TO device_parameters_runtime;
GRANT SELECT, INSERT, DELETE ON iot_data.device_transitions TO device_parameters_runtime;
GRANT SELECT, INSERT, UPDATE, DELETE ON iot_data.connectivity_holds TO device_parameters_runtime;
GRANT SELECT, INSERT, DELETE ON iot_data.connectivity_rechecks TO device_parameters_runtime;
GRANT SELECT, INSERT, UPDATE ON iot_data.connectivity_checkpoint TO device_parameters_runtime;
GRANT SELECT, INSERT, UPDATE, DELETE ON iot_data.device_imports TO device_parameters_runtime;
GRANT SELECT, INSERT, DELETE ON iot_data.device_import_rows TO device_parameters_runtime;
GRANT SELECT, INSERT, UPDATE, DELETE ON iot_data.device_import_work TO device_parameters_runtime;

-- telemetry: What devices measure: stored once, however often and by whatever way it comes.
GRANT INSERT, UPDATE ON iot_data.timescale_measurements TO device_parameters_runtime;
GRANT SELECT, INSERT, UPDATE ON iot_data.device_readings TO device_parameters_runtime;
GRANT SELECT, INSERT, UPDATE, DELETE ON iot_data.telemetry_rejects TO device_parameters_runtime;
