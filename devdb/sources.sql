-- The tables of the platform that this application reads: what a demo or a test starts from.
CREATE SCHEMA IF NOT EXISTS iot_data;

CREATE TABLE iot_data.redshift_devices (
    device_id text PRIMARY KEY,
    device_name text,
    device_type_id text,
    location_id text,
    status boolean,
    is_active boolean,
    created_at timestamptz DEFAULT now()
);

CREATE TABLE iot_data.timescale_parameters (
    parameter_id text PRIMARY KEY,
    parameter_name text,
    attribute text,
    device_type_id text,
    data_type text,
    unit text,
    description text
);

CREATE TABLE iot_data.timescale_measurements (
    time timestamptz NOT NULL,
    device_id text NOT NULL,
    parameter_id text NOT NULL,
    value double precision,
    quality smallint,
    metadata jsonb,
    PRIMARY KEY (time, device_id, parameter_id)
);

SELECT create_hypertable('iot_data.timescale_measurements', by_range('time', INTERVAL '1 day'));
