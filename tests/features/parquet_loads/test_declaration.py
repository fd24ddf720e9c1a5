"""What loads declare fits what they do."""

import re
from pathlib import Path

from chalicelib.features.parquet_loads.feature import FEATURE, UNKNOWN_DATASET
from chalicelib.features.parquet_loads.model import REJECTS_PREFIX, Dataset
from chalicelib.features.parquet_loads.timestream import writer

[LOAD] = FEATURE.functions


def test_loads_of_every_dataset_are_told_apart() -> None:
    assert FEATURE.split_by == ("dataset", (*Dataset, UNKNOWN_DATASET))


def test_throttled_requests_are_counted_from_what_a_load_logs() -> None:
    [counted] = [metric for metric in FEATURE.metrics if metric.function == LOAD.name]
    found = re.fullmatch(r'\{ \$\.message = "(\w+)" && \$\.(\w+) > 0 \}', counted.pattern or "")
    assert found is not None
    message, field = found.groups()
    source = Path(writer.__file__).read_text("utf-8")
    assert f'"{message}", extra=self._result.counts()' in source
    assert field in writer.WriteResult().counts()
    assert counted.value == f"$.{field}"


def test_a_load_writes_below_the_folder_of_rejected_rows_only() -> None:
    for permission in LOAD.may:
        if permission.action in ("s3:PutObject", "s3:DeleteObject"):
            bucket = "arn:${AWS::Partition}:s3:::${LoadBucketName}"
            assert permission.resources == (f"{bucket}/{REJECTS_PREFIX}*",)
