-- What the role device_parameters_loader may do, and nothing else; database-roles.md says why.
-- Written from the declarations of the features by `make template`.
--
-- As the owner of the tables or a superuser, in the application's database, after each
-- `alembic upgrade`:
--     psql --set ON_ERROR_STOP=1 --single-transaction --file docs/loader-role.sql
-- It may be repeated at will. For another name of a role, replace it throughout.

-- Roles belong to the server rather than to one of its databases, so they may be there already.
DO $$
BEGIN
    IF to_regrole('device_parameters_loader') IS NULL THEN
        CREATE ROLE device_parameters_loader LOGIN;
    END IF;
END
$$;

-- Rows are compared in temporary tables. Where PUBLIC still has these two, they change nothing.
DO $$
BEGIN
    EXECUTE format(
        'GRANT CONNECT, TEMPORARY ON DATABASE %I TO device_parameters_loader', current_database()
    );
END
$$;

GRANT USAGE ON SCHEMA iot_data TO device_parameters_loader;

-- service: The service itself.
GRANT SELECT ON iot_data.device_parameters_version TO device_parameters_loader;

-- parquet_loads: Parquet files that become readings, and what became of each file.
GRANT SELECT, INSERT, UPDATE, DELETE ON iot_data.timescale_measurements TO device_parameters_loader;
GRANT SELECT, INSERT, UPDATE ON iot_data.parquet_loads TO device_parameters_loader;
GRANT SELECT, INSERT, UPDATE ON iot_data.parquet_objects TO device_parameters_loader;
GRANT SELECT, INSERT, UPDATE, DELETE ON iot_data.energy_readings TO device_parameters_loader;
GRANT SELECT, INSERT, DELETE ON iot_data.energy_readings_shadowed TO device_parameters_loader;
GRANT SELECT, INSERT, DELETE ON iot_data.measurement_claims TO device_parameters_loader;
GRANT SELECT, INSERT, DELETE ON iot_data.measurements_shadowed TO device_parameters_loader;
GRANT SELECT, INSERT, UPDATE, DELETE ON iot_data.outbox_events TO device_parameters_loader;
