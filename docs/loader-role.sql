-- What the function that loads Parquet files may do in its database; database-roles.md says why.
--
-- As the owner of the tables or a superuser, in the application's database, after each
-- `alembic upgrade`, where files are loaded into TimescaleDB:
--     psql --set ON_ERROR_STOP=1 --single-transaction --file docs/loader-role.sql
-- It may be repeated at will. For another name of the role, replace it throughout.

DO $$
BEGIN
    IF to_regrole('device_parameters_loader') IS NULL THEN
        CREATE ROLE device_parameters_loader LOGIN;
    END IF;
END
$$;

-- A file is staged in a temporary table. Where PUBLIC still has these two, they change nothing.
DO $$
BEGIN
    EXECUTE format(
        'GRANT CONNECT, TEMPORARY ON DATABASE %I TO device_parameters_loader', current_database()
    );
END
$$;

GRANT USAGE ON SCHEMA iot_data TO device_parameters_loader;

-- The platform's: what files bring, and what newer files take back.
GRANT SELECT, INSERT, UPDATE, DELETE ON iot_data.timescale_measurements TO device_parameters_loader;

-- Ours, a line a table.
GRANT SELECT ON iot_data.alembic_version TO device_parameters_loader;
GRANT SELECT, INSERT, UPDATE ON iot_data.parquet_loads TO device_parameters_loader;
GRANT SELECT, INSERT, UPDATE ON iot_data.parquet_objects TO device_parameters_loader;
GRANT SELECT, INSERT, UPDATE, DELETE ON iot_data.energy_readings TO device_parameters_loader;
GRANT SELECT, INSERT, DELETE ON iot_data.energy_readings_shadowed TO device_parameters_loader;
GRANT SELECT, INSERT, DELETE ON iot_data.measurement_claims TO device_parameters_loader;
GRANT SELECT, INSERT, DELETE ON iot_data.measurements_shadowed TO device_parameters_loader;
GRANT SELECT, INSERT, UPDATE, DELETE ON iot_data.outbox_events TO device_parameters_loader;
