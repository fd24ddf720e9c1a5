"""Parquet files that become readings, as plain data."""

from chalicelib.feature import (
    HOUR,
    PUT_EVENTS,
    Alarm,
    Delivery,
    Feature,
    Function,
    If,
    Layer,
    Metric,
    Parameter,
    Permission,
    Setting,
    matching,
    one_of,
    whole,
)

DATASETS = ("generation", "consumption", "transmission", "measurements")
# For files whose key does not say what they are.
UNKNOWN_DATASET = "unknown"
# What WriteRecords takes in one request.
MAX_BATCH_SIZE = 100
# As big as everything else together, and needed by no other function.
PYARROW = Layer("PyarrowLayer", "pyarrow-layer.zip", "Arrow, as far as it reads Parquet")

_TIMESTREAM_NAME = matching(r"[A-Za-z0-9_.-]{3,256}", "3 to 256 of A-Z a-z 0-9 _ . -")
_NAME_PATTERN = "^[A-Za-z0-9_.-]{3,256}$"
_SECRET_PATTERN = "^$|^arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:[0-9]{12}:.+$"  # noqa: S105
_address = matching(r"https?://.+", "an http or https URL")


def _time_zone(text: str) -> str:
    """A parser of names of time zones."""
    from zoneinfo import ZoneInfo

    try:
        return text if text == "UTC" else ZoneInfo(text).key
    except (KeyError, ValueError, OSError):
        raise ValueError(
            f"must be an IANA time zone, such as UTC or Europe/Stockholm, not {text[:40]!r}"
        ) from None


LOAD_SINK = Setting(
    "LOAD_SINK",
    one_of("timescale", "timestream"),
    "Where loaded rows go; `timestream` for those who have Amazon Timestream.",
    default="timescale",
)
MAX_REJECTED_PERCENT = Setting(
    "MAX_REJECTED_PERCENT",
    whole(0, 100),
    "A file with a larger share of bad rows is not loaded.",
    default="10",
)
ASSUME_TIME_ZONE = Setting(
    "ASSUME_TIME_ZONE",
    _time_zone,
    "The IANA zone of times in files that have none, such as `UTC`; empty: they are refused.",
    is_optional=True,
)
TIMESTREAM_DATABASE_NAME = Setting(
    "TIMESTREAM_DATABASE_NAME",
    _TIMESTREAM_NAME,
    "The Timestream database. It and its tables have to be named with `LOAD_SINK=timestream`.",
    is_optional=True,
)
TABLE_NAMES = {
    dataset: Setting(
        f"{dataset.upper()}_TABLE_NAME",
        _TIMESTREAM_NAME,
        f"The Timestream table for `dataset={dataset}`.",
        is_optional=True,
    )
    for dataset in ("generation", "consumption", "transmission")
}
TIMESTREAM_MAX_BATCH_SIZE = Setting(
    "TIMESTREAM_MAX_BATCH_SIZE",
    whole(1, MAX_BATCH_SIZE),
    "How many records a request to Timestream holds: 1 to 100.",
    default="100",
    former_name="MAX_BATCH_SIZE",
)
TIMESTREAM_MAX_RETRIES = Setting(
    "TIMESTREAM_MAX_RETRIES",
    whole(0, 20),
    "How often a request to Timestream is repeated that was throttled, or not answered.",
    default="3",
    former_name="MAX_RETRIES",
)
TIMESTREAM_ENDPOINT_URL = Setting(
    "AWS_ENDPOINT_URL_TIMESTREAM_WRITE",
    _address,
    "The address that records are written to, such as a VPC endpoint; no other is asked for.",
    is_optional=True,
)
ENDPOINT_URL = Setting(
    "AWS_ENDPOINT_URL",
    _address,
    "The same for every service of AWS, such as a stand-in for tests.",
    is_optional=True,
)

_BUCKET = "arn:${AWS::Partition}:s3:::${LoadBucketName}"
_REJECTED = (f"{_BUCKET}/rejected/*",)
_TABLE_PARAMETERS = {name: f"{name.title()}TableName" for name in TABLE_NAMES}


def _in_timestream(parameter: str) -> If:
    return If("LoadsIntoTimestream", f"${{{parameter}}}")


FEATURE = Feature(
    "parquet_loads",
    "Parquet files that become readings, and what became of each file.",
    settings=(
        LOAD_SINK,
        MAX_REJECTED_PERCENT,
        ASSUME_TIME_ZONE,
        TIMESTREAM_DATABASE_NAME,
        *TABLE_NAMES.values(),
        TIMESTREAM_MAX_BATCH_SIZE,
        TIMESTREAM_MAX_RETRIES,
        TIMESTREAM_ENDPOINT_URL,
        ENDPOINT_URL,
    ),
    parameters=(
        Parameter(
            "LoadSecretArn",
            "The secret of the role that loads files; empty for the same login",
            group="Database",
            pattern=_SECRET_PATTERN,
            constraint="the whole ARN of a secret, never the password itself",
            condition="LoadsAsAnother",
        ),
        Parameter(
            "LoadBucketName",
            "The bucket whose Parquet files are loaded; empty for none",
            pattern="^$|^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$",
            condition="LoadsFiles",
        ),
        Parameter(
            "AssumeTimeZone",
            "The zone of times in files that have none, such as UTC; empty to refuse such files",
            pattern="^$|^[A-Za-z][A-Za-z0-9_+/-]{0,63}$",
            constraint="the IANA name of a time zone",
            condition="AssumesTimeZone",
        ),
        Parameter(
            "TimestreamDatabaseName",
            "The Timestream database that energy readings go to; empty to load into TimescaleDB",
            pattern=f"^$|{_NAME_PATTERN}",
            condition="LoadsIntoTimestream",
        ),
        *(
            Parameter(
                parameter,
                f"Its table for the dataset {dataset}",
                default=dataset,
                pattern=_NAME_PATTERN,
            )
            for dataset, parameter in _TABLE_PARAMETERS.items()
        ),
    ),
    functions=(
        Function(
            "load_parquet",
            "loads Parquet files",
            timeout_s=900,
            slow_after_s=600,
            concurrency=4,
            secret="LoadSecretArn",  # noqa: S106 a parameter's name
            # A file that comes while others are loaded waits. What is loaded already is not loaded
            # again.
            delivery=Delivery(
                retries=2,
                max_age_s=6 * HOUR,
                # No bucket has the name that is empty.
                detail={"bucket": {"name": ["${LoadBucketName}"]}},
            ),
            variables={
                "LOAD_SINK": If("LoadsIntoTimestream", "timestream", "timescale"),
                "ASSUME_TIME_ZONE": If("AssumesTimeZone", "${AssumeTimeZone}"),
                "TIMESTREAM_DATABASE_NAME": _in_timestream("TimestreamDatabaseName"),
                **{
                    TABLE_NAMES[dataset].name: _in_timestream(parameter)
                    for dataset, parameter in _TABLE_PARAMETERS.items()
                },
            },
            may=(
                PUT_EVENTS,
                # Without it, S3 answers for a missing object that it is forbidden.
                Permission("s3:ListBucket", (_BUCKET,), "LoadsFiles"),
                Permission("s3:GetObject", (f"{_BUCKET}/*",), "LoadsFiles"),
                Permission("s3:PutObject", _REJECTED, "LoadsFiles"),
                Permission("s3:DeleteObject", _REJECTED, "LoadsFiles"),
                Permission(
                    "timestream:WriteRecords",
                    tuple(
                        "arn:${AWS::Partition}:timestream:${AWS::Region}:${AWS::AccountId}"
                        f":database/${{TimestreamDatabaseName}}/table/${{{parameter}}}"
                        for parameter in _TABLE_PARAMETERS.values()
                    ),
                    "LoadsIntoTimestream",
                ),
                # It says where to send records to, and knows no resources.
                Permission("timestream:DescribeEndpoints", ("*",), "LoadsIntoTimestream"),
            ),
            layers=(PYARROW,),
        ),
    ),
    split_by=("dataset", (*DATASETS, UNKNOWN_DATASET)),
    metrics=(
        Metric("RecordsProcessed", graph="Rows loaded"),
        Metric("RecordsRejected", graph="Rows rejected"),
        Metric("BatchesProcessed", graph="Batches"),
        Metric("ProcessingErrors", graph="Failed loads"),
        Metric("LoadDuration", graph="Seconds of a load", statistic="Maximum"),
        Metric(
            "TimestreamThrottled",
            graph="Requests that Timestream turned away",
            function="load_parquet",
            pattern='{ $.message = "timestream_written" && $.throttled > 0 }',
            value="$.throttled",
        ),
    ),
    alarms=(
        # What cannot be loaded as it is: for Lambda, that is no error.
        Alarm(
            "failed-loads",
            "Files of the dataset {value} have not been loaded.",
            section="failed-loads",
            metric="ProcessingErrors",
            statistic="Sum",
        ),
        Alarm(
            "timestream-throttled",
            "Timestream has turned requests away for a quarter of an hour.",
            section="timestream-throttled",
            metric="TimestreamThrottled",
            statistic="Sum",
            periods=3,
            datapoints=3,
        ),
    ),
    objects={
        "parquet_loads": "the loads: a row for each version of a file on its way into one sink",
        "parquet_objects": "the files whose rows are in TimescaleDB, each in its last version",
        "energy_readings": "readings of the datasets generation, consumption and transmission",
        "energy_readings_shadowed": "readings that give way to the same ones of a newer file",
        "measurement_claims": "which measurements each file brought",
        "measurements_shadowed": "measurements that give way to the same ones of a newer file",
    },
    rights={
        # Of the loads, what `GET /loads` shows.
        "runtime": {"parquet_loads": "SELECT"},
        "loader": {
            # The platform's: what files bring, and what newer files take back.
            "timescale_measurements": "SELECT INSERT UPDATE DELETE",
            "parquet_loads": "SELECT INSERT UPDATE",
            "parquet_objects": "SELECT INSERT UPDATE",
            "energy_readings": "SELECT INSERT UPDATE DELETE",
            "energy_readings_shadowed": "SELECT INSERT DELETE",
            "measurement_claims": "SELECT INSERT DELETE",
            "measurements_shadowed": "SELECT INSERT DELETE",
            "outbox_events": "SELECT INSERT UPDATE DELETE",
        },
    },
)
