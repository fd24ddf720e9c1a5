-- What this application asks of TimescaleDB, answered as far as plain PostgreSQL can: hypertables
-- are ordinary tables, a continuous aggregate is a materialized view, and refreshing it refreshes
-- all of it. Like TimescaleDB, PostgreSQL lets only its owner do that.

CREATE FUNCTION public.by_range(name, interval DEFAULT INTERVAL '7 days')
RETURNS text LANGUAGE sql RETURN $1;

CREATE FUNCTION public.create_hypertable(regclass, text, create_default_indexes boolean DEFAULT true)
RETURNS regclass LANGUAGE sql RETURN $1;

-- Buckets of hours and days begin where TimescaleDB's do: on a Monday.
CREATE FUNCTION public.time_bucket(interval, timestamptz)
RETURNS timestamptz LANGUAGE sql IMMUTABLE
RETURN date_bin($1, $2, TIMESTAMPTZ '2000-01-03 00:00:00+00');

CREATE PROCEDURE public.refresh_continuous_aggregate(
    aggregate regclass, timestamptz, timestamptz, force boolean DEFAULT false, options jsonb DEFAULT '{}'
) LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE 'REFRESH MATERIALIZED VIEW ' || aggregate;
END
$$;

CREATE SCHEMA timescaledb_information;

CREATE VIEW timescaledb_information.continuous_aggregates AS
SELECT schemaname AS view_schema,
       matviewname AS view_name,
       schemaname AS materialization_hypertable_schema,
       matviewname AS materialization_hypertable_name
FROM pg_matviews;

CREATE VIEW timescaledb_information.jobs AS
SELECT CAST(NULL AS integer) AS job_id,
       CAST(NULL AS name) AS proc_name,
       CAST(NULL AS name) AS hypertable_schema,
       CAST(NULL AS name) AS hypertable_name,
       CAST(NULL AS jsonb) AS config
WHERE false;

CREATE VIEW timescaledb_information.chunks AS
SELECT CAST(NULL AS name) AS hypertable_schema,
       CAST(NULL AS name) AS hypertable_name,
       CAST(NULL AS timestamptz) AS range_start,
       CAST(NULL AS timestamptz) AS range_end
WHERE false;

CREATE SCHEMA _timescaledb_catalog;

CREATE VIEW _timescaledb_catalog.hypertable AS
SELECT CAST(view.oid AS integer) AS id,
       namespace.nspname AS schema_name,
       view.relname AS table_name
FROM pg_class AS view
JOIN pg_namespace AS namespace ON namespace.oid = view.relnamespace
WHERE view.relkind = 'm';

CREATE SCHEMA _timescaledb_functions;

CREATE FUNCTION _timescaledb_functions.to_timestamp(bigint)
RETURNS timestamptz LANGUAGE sql RETURN TIMESTAMPTZ 'epoch' + $1 * INTERVAL '1 microsecond';

-- Nothing says up to where a materialized view is filled, so that every run refreshes it.
CREATE FUNCTION _timescaledb_functions.cagg_watermark(integer)
RETURNS bigint LANGUAGE sql RETURN 0;

GRANT USAGE ON SCHEMA
    timescaledb_information, _timescaledb_catalog, _timescaledb_functions TO PUBLIC;
GRANT SELECT ON ALL TABLES IN SCHEMA timescaledb_information, _timescaledb_catalog TO PUBLIC;
