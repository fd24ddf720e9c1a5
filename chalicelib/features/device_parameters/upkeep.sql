-- name: list_chunks_to_compress
-- Those that are old enough and not compressed. And those that were, and into which so much has come
-- since that it takes a tenth of what the whole chunk once took; the fourth bit of a chunk's status
-- says that it has rows beside the compressed ones.
SELECT format('%I.%I', chunk.chunk_schema, chunk.chunk_name)
FROM timescaledb_information.continuous_aggregates AS aggregate
JOIN timescaledb_information.chunks AS chunk
  ON chunk.hypertable_schema = aggregate.materialization_hypertable_schema
 AND chunk.hypertable_name = aggregate.materialization_hypertable_name
JOIN _timescaledb_catalog.chunk AS entry
  ON entry.schema_name = chunk.chunk_schema AND entry.table_name = chunk.chunk_name
LEFT JOIN _timescaledb_catalog.compression_chunk_size AS compressed ON compressed.chunk_id = entry.id
WHERE aggregate.view_schema = 'iot_data'
  AND aggregate.view_name = ANY (:aggregates)
  AND chunk.range_end <= :before
  AND (
      compressed.chunk_id IS NULL
      OR entry.status & 8 = 8
     AND 10 * pg_relation_size(format('%I.%I', chunk.chunk_schema, chunk.chunk_name)) > compressed.uncompressed_heap_size
  )
ORDER BY chunk.range_start, aggregate.view_name

-- name: compress_chunk
SELECT @extschema@.compress_chunk(to_regclass(:chunk))

-- name: drop_old_sets
SELECT @extschema@.drop_chunks('iot_data.device_parameter_sets_hourly', CAST(:before AS timestamptz))

-- name: drop_old_pairs
SELECT @extschema@.drop_chunks('iot_data.device_parameters_hourly', CAST(:before AS timestamptz))
