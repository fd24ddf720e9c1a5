"""The types that a column's values have, however Arrow wraps them."""

import pyarrow as pa


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
