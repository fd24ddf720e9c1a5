"""The types that a column's values have, however Arrow wraps them."""

import pyarrow as pa
import pyarrow.compute as pc


def value_type(data_type: pa.DataType) -> pa.DataType:
    """The type of the values inside extensions and dictionaries."""
    if isinstance(data_type, pa.BaseExtensionType):
        return value_type(data_type.storage_type)
    if pa.types.is_dictionary(data_type):
        return value_type(data_type.value_type)
    return data_type


def is_text(data_type: pa.DataType) -> bool:
    """Whether values of this type are text."""
    return bool(
        pa.types.is_string(data_type)
        or pa.types.is_large_string(data_type)
        or pa.types.is_string_view(data_type)
    )


def plain_type(data_type: pa.DataType) -> pa.DataType:
    """The type as which values of *data_type* are judged: one that every kernel takes.

    Arrow filters no views, and masks no short decimals. Bytes of any length are text: writers older
    than Parquet's mark for text leave it out, and whether text is UTF-8 is judged anyway.
    """
    if isinstance(data_type, pa.BaseExtensionType):
        storage = plain_type(data_type.storage_type)
        return data_type if storage == data_type.storage_type else storage
    if pa.types.is_dictionary(data_type):
        return pa.dictionary(data_type.index_type, plain_type(data_type.value_type))
    if pa.types.is_binary(data_type):
        return pa.string()
    if _is_view(data_type) or pa.types.is_large_binary(data_type):
        return pa.large_string()
    if pa.types.is_decimal32(data_type) or pa.types.is_decimal64(data_type):
        return pa.decimal128(data_type.precision, data_type.scale)
    return data_type


def plain_schema(schema: pa.Schema) -> pa.Schema:
    """*schema* with the plain type of each column."""
    return pa.schema([field.with_type(plain_type(field.type)) for field in schema])


def plain_batch(batch: pa.RecordBatch) -> pa.RecordBatch:
    """*batch* with its columns as arrays of their plain types."""
    arrays = [_plain(array) for array in batch.columns]
    return pa.RecordBatch.from_arrays(arrays, schema=plain_schema(batch.schema))


def _plain(array: pa.Array) -> pa.Array:
    wanted = plain_type(array.type)
    if wanted == array.type:
        return array
    if isinstance(array, pa.ExtensionArray):
        return _plain(array.storage)
    if isinstance(array, pa.DictionaryArray):
        return pa.DictionaryArray.from_arrays(array.indices, _plain(array.dictionary))
    return array.cast(options=pc.CastOptions(wanted, allow_invalid_utf8=True))


def _is_view(data_type: pa.DataType) -> bool:
    return bool(pa.types.is_string_view(data_type) or pa.types.is_binary_view(data_type))
