"""Imports of devices, as plain data: a part of the declaration of devices."""

from chalicelib.feature import (
    Alarm,
    Delivery,
    Function,
    If,
    Metric,
    Parameter,
    Permission,
    Setting,
    matching,
    schedule_expression,
    whole,
)

# https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
IMPORT_BUCKET = Setting(
    "IMPORT_BUCKET",
    matching(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", "the name of a bucket"),
    "The bucket that files of devices are uploaded to. Without it, they come with the request, and "
    "are small.",
    is_optional=True,
)
IMPORT_MAX_ROWS = Setting(
    "IMPORT_MAX_ROWS",
    whole(1, 10_000_000),
    "How many rows a file of devices may have.",
    default="100000",
)
IMPORT_RETENTION_DAYS = Setting(
    "IMPORT_RETENTION_DAYS",
    whole(1, 3650),
    "For how many days is remembered what became of the rows of an import.",
    default="90",
)
IMPORT_SCHEDULE = Setting(
    "IMPORT_SCHEDULE",
    schedule_expression,
    "When imports go on; read while the application is packaged.",
    default="rate(1 minute)",
)
_CONDITION = "TakesUploads"
_BUCKET = "arn:${AWS::Partition}:s3:::${ImportBucketName}"
_FILES = (f"{_BUCKET}/device-imports/*",)

SETTINGS = (IMPORT_BUCKET, IMPORT_MAX_ROWS, IMPORT_RETENTION_DAYS, IMPORT_SCHEDULE)
VARIABLES = {"IMPORT_BUCKET": If(_CONDITION, "${ImportBucketName}")}
# A form can do what whoever has signed it can.
API_MAY = (Permission("s3:PutObject", _FILES, _CONDITION),)
FUNCTIONS = (
    Function(
        "register_imports",
        "registers the devices of imports",
        concurrency=1,
        # A minute later the same is due.
        delivery=Delivery(retries=0, max_age_s=60, is_kept=False),
        may=(
            Permission("s3:GetObject", _FILES, _CONDITION),
            # Without it, S3 answers for a missing object that it is forbidden.
            Permission("s3:ListBucket", (_BUCKET,), _CONDITION),
        ),
        variables=VARIABLES,
    ),
)
PARAMETERS = (
    Parameter(
        "ImportBucketName",
        "The bucket that files of devices are uploaded to; empty for none",
        pattern="^$|^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$",
        condition=_CONDITION,
    ),
)
METRICS = (
    Metric("ImportedDevices", graph="Devices registered by imports"),
    Metric("ImportRowsRefused", graph="Rows of imports refused"),
    Metric("ImportsUnfinished", graph="Imports not done yet", statistic="Maximum"),
    Metric("ImportStandstill", graph="Seconds an import has not moved", statistic="Maximum"),
)
ALARMS = (
    Alarm(
        "imports-stuck",
        "An import of devices has not moved for half an hour.",
        section="imports-stuck",
        metric="ImportStandstill",
        statistic="Maximum",
        threshold=1800,
    ),
)
OBJECTS = {
    "device_imports": "files of devices that are to be registered, and how far each has come",
    "device_import_rows": "what became of the rows of imports",
    "device_import_work": "imports that are still to be done",
}
RIGHTS = {
    "device_imports": "SELECT INSERT UPDATE DELETE",
    "device_import_rows": "SELECT INSERT DELETE",
    "device_import_work": "SELECT INSERT UPDATE DELETE",
}
