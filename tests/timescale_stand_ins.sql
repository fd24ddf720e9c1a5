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
       matviewname AS materialization_hypertable_name,
       pg_get_viewdef(CAST(format('%I.%I', schemaname, matviewname) AS regclass)) AS view_definition,
       true AS materialized_only,
       false AS compression_enabled
FROM pg_matviews;

CREATE VIEW timescaledb_information.jobs AS
SELECT CAST(NULL AS integer) AS job_id,
       CAST(NULL AS name) AS proc_name,
       CAST(NULL AS name) AS hypertable_schema,
       CAST(NULL AS name) AS hypertable_name,
       CAST(NULL AS jsonb) AS config
WHERE false;

-- A table is one chunk.
CREATE VIEW timescaledb_information.chunks AS
SELECT CAST('iot_data' AS name) AS hypertable_schema,
       CAST('timescale_measurements' AS name) AS hypertable_name,
       CAST('iot_data' AS name) AS chunk_schema,
       CAST('timescale_measurements' AS name) AS chunk_name,
       TIMESTAMPTZ '2000-01-01 00:00:00+00' AS range_start,
       TIMESTAMPTZ '2100-01-01 00:00:00+00' AS range_end,
       false AS is_compressed;

CREATE FUNCTION public.set_chunk_time_interval(regclass, interval)
RETURNS void LANGUAGE sql RETURN NULL;

CREATE FUNCTION public.drop_chunks(regclass, timestamptz)
RETURNS SETOF text LANGUAGE sql AS 'SELECT NULL WHERE false';

CREATE FUNCTION public.compress_chunk(regclass)
RETURNS regclass LANGUAGE sql RETURN $1;

CREATE FUNCTION public.decompress_chunk(regclass)
RETURNS regclass LANGUAGE sql RETURN $1;

CREATE SCHEMA _timescaledb_catalog;

CREATE VIEW _timescaledb_catalog.hypertable AS
SELECT CAST(view.oid AS integer) AS id,
       namespace.nspname AS schema_name,
       view.relname AS table_name
FROM pg_class AS view
JOIN pg_namespace AS namespace ON namespace.oid = view.relnamespace
WHERE view.relkind = 'm';

CREATE VIEW _timescaledb_catalog.chunk AS
SELECT 1 AS id, 0 AS status, CAST('iot_data' AS name) AS schema_name, CAST('timescale_measurements' AS name) AS table_name;

CREATE VIEW _timescaledb_catalog.compression_chunk_size AS
SELECT 0 AS chunk_id,
       CAST(NULL AS bigint) AS uncompressed_heap_size,
       CAST(NULL AS bigint) AS numrows_pre_compression;

CREATE VIEW _timescaledb_catalog.continuous_agg AS
SELECT id AS mat_hypertable_id,
       0 AS raw_hypertable_id,
       schema_name AS user_view_schema,
       table_name AS user_view_name
FROM _timescaledb_catalog.hypertable;

-- Nothing is known to be up to date.
CREATE VIEW _timescaledb_catalog.continuous_aggs_materialization_invalidation_log AS
SELECT id AS materialization_id,
       CAST(-9223372036854775808 AS bigint) AS lowest_modified_value,
       CAST(9223372036854775807 AS bigint) AS greatest_modified_value
FROM _timescaledb_catalog.hypertable;

CREATE VIEW _timescaledb_catalog.continuous_aggs_hypertable_invalidation_log AS
SELECT materialization_id AS hypertable_id, lowest_modified_value, greatest_modified_value
FROM _timescaledb_catalog.continuous_aggs_materialization_invalidation_log
WHERE false;

CREATE SCHEMA _timescaledb_functions;

CREATE FUNCTION _timescaledb_functions.to_timestamp(bigint)
RETURNS timestamptz LANGUAGE sql RETURN TIMESTAMPTZ 'epoch' + $1 * INTERVAL '1 microsecond';

-- Nothing says up to where a materialized view is filled, so that every run refreshes it.
CREATE FUNCTION _timescaledb_functions.cagg_watermark(integer)
RETURNS bigint LANGUAGE sql RETURN 0;

GRANT USAGE ON SCHEMA
    timescaledb_information, _timescaledb_catalog, _timescaledb_functions TO PUBLIC;
GRANT SELECT ON ALL TABLES IN SCHEMA timescaledb_information, _timescaledb_catalog TO PUBLIC;
