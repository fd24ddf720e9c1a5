"""Files that are encrypted as Parquet specifies."""

from base64 import b64decode, b64encode
from io import BytesIO

import pyarrow as pa
import pyarrow.parquet as pq
import pyarrow.parquet.encryption as pe

_MASTER_KEY = "1234567890123450"


class _Keys(pe.KmsClient):  # type: ignore[misc]
    """A key service that does not encrypt its keys."""

    def wrap_key(self, key_bytes: bytes, _: str) -> bytes:
        return b64encode(key_bytes)

    def unwrap_key(self, wrapped_key: bytes, _: str) -> bytes:
        return b64decode(wrapped_key)


def encrypted(content: pa.Table, columns: list[str], *, plaintext_footer: bool) -> bytes:
    """*content* with these columns encrypted, and perhaps the footer."""
    configuration = pe.EncryptionConfiguration(
        footer_key="footer", column_keys={"columns": columns}, plaintext_footer=plaintext_footer
    )
    factory = pe.CryptoFactory(lambda _: _Keys())
    keys = pe.KmsConnectionConfig(custom_kms_conf={"footer": _MASTER_KEY, "columns": _MASTER_KEY})
    properties = factory.file_encryption_properties(keys, configuration)
    buffer = BytesIO()
    with pq.ParquetWriter(buffer, content.schema, encryption_properties=properties) as writer:
        writer.write_table(content)
    return buffer.getvalue()
