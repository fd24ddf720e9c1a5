"""A bucket of moto's server, and what loads leave in it."""

from collections.abc import Iterable
from io import BytesIO
from typing import Any

import pyarrow.parquet as pq

from tests.aws import Aws
from tests.features.parquet_loads.drop import Reading, table_of

NAME = "readings"


class Bucket:
    """Objects by their keys."""

    def __init__(self, aws: Aws, *, is_versioned: bool = False) -> None:
        self.client = aws.client("s3")
        place = {"LocationConstraint": self.client.meta.region_name}
        self.client.create_bucket(Bucket=NAME, CreateBucketConfiguration=place)
        if is_versioned:
            versioning = {"Status": "Enabled"}
            self.client.put_bucket_versioning(Bucket=NAME, VersioningConfiguration=versioning)

    def put(self, key: str, readings: Iterable[Reading]) -> str:
        """A Parquet file of the dataset its key names; returns its address."""
        dataset = key.partition("dataset=")[2].partition("/")[0]
        buffer = BytesIO()
        pq.write_table(table_of(dataset, readings), buffer)
        return self.put_bytes(key, buffer.getvalue())

    def put_bytes(self, key: str, data: bytes) -> str:
        """An object; returns its address."""
        self.client.put_object(Bucket=NAME, Key=key, Body=data)
        return f"s3://{NAME}/{key}"

    def rows(self, key: str) -> list[dict[str, Any]] | None:
        """The rows of a Parquet file; None where there is none."""
        if key not in self.list_keys():
            return None
        data = self.client.get_object(Bucket=NAME, Key=key)["Body"].read()
        found: list[dict[str, Any]] = pq.read_table(BytesIO(data)).to_pylist()
        return found

    def list_keys(self) -> list[str]:
        """All there are."""
        return [
            each["Key"] for each in self.client.list_objects_v2(Bucket=NAME).get("Contents", [])
        ]
