"""The table of device parameters and the runs that keep it in step, as plain data."""

from chalicelib.feature import (
    HOUR,
    PUT_EVENTS,
    Alarm,
    Delivery,
    Events,
    Feature,
    Function,
    If,
    Metric,
    Permission,
    Setting,
    one_of,
    schedule_expression,
    whole,
)

MAX_WINDOW_MINUTES = 366 * 24 * 60

CHECK_INTERVAL_MINUTES = Setting(
    "CHECK_INTERVAL_MINUTES",
    whole(1, MAX_WINDOW_MINUTES),
    "W, how far a run looks back: 1 to 527040 minutes (366 days).",
    default="60",
)
SYNC_SCHEDULE = Setting(
    "SYNC_SCHEDULE",
    schedule_expression,
    "When the scheduled run starts; read while the application is packaged.",
    default="cron(5 * * * ? *)",
    in_stage="cron(5 * * * ? *)",
)
SYNC_INTERVAL_MINUTES = Setting(
    "SYNC_INTERVAL_MINUTES",
    whole(1, MAX_WINDOW_MINUTES),
    "Minutes between two scheduled runs; after two of them without a success the state is `stale`.",
    default="60",
    in_stage="60",
)
REMOVAL_GUARD_PERCENT = Setting(
    "REMOVAL_GUARD_PERCENT",
    whole(0, 100),
    "The share of the table, in percent, that may fall silent within a day before removals are "
    "held; 100 turns the guard off, for groups as well.",
    default="20",
)
REMOVAL_GUARD_MIN_PAIRS = Setting(
    "REMOVAL_GUARD_MIN_PAIRS",
    whole(0, 10**9),
    "Tables with fewer pairs are not guarded.",
    default="100",
)
REMOVAL_GUARD_GROUP_PERCENT = Setting(
    "REMOVAL_GUARD_GROUP_PERCENT",
    whole(0, 100),
    "The same for each site (`location_id`) and device type (`device_type_id`), where the master "
    "table has them; 100 turns it off.",
    default="50",
)
REMOVAL_GUARD_GROUP_MIN_PAIRS = Setting(
    "REMOVAL_GUARD_GROUP_MIN_PAIRS",
    whole(0, 10**9),
    "Sites and device types with fewer pairs are not guarded by themselves.",
    default="50",
)
HISTORY_RETENTION_DAYS = Setting(
    "HISTORY_RETENTION_DAYS",
    whole(1, 36_500),
    "For how many days runs and their changes are kept.",
    default="90",
)
REFRESH_WORK_MEM_MB = Setting(
    "REFRESH_WORK_MEM_MB",
    whole(1, 65_536),
    "`work_mem` of a run's refreshes and of its comparison, in megabytes; lower it on a small "
    "server.",
    default="512",
)
AUTO = "auto"
EVIDENCE_SOURCE = Setting(
    "EVIDENCE_SOURCE",
    one_of(AUTO, "measurements", "aggregate"),
    "Where runs read what was observed. Both are exact; `auto` takes the one that is probably "
    "faster, run by run.",
    default=AUTO,
)
AGGREGATE_RETENTION_DAYS = Setting(
    "AGGREGATE_RETENTION_DAYS",
    whole(1, 36_500),
    "For how many days the aggregate is kept, and so the time a pair was last seen; never shorter "
    "than the window.",
    default="400",
)
SYNC_FUNCTION_NAME = Setting(
    "SYNC_FUNCTION_NAME",
    str,
    "The Lambda function that carries out runs asked for over HTTP; without it they run in place.",
    is_optional=True,
    in_stage="device-parameters-{stage}-sync_device_parameters",
)

FEATURE = Feature(
    "device_parameters",
    "Which parameters each device reports: the table, and the runs that keep it in step.",
    settings=(
        CHECK_INTERVAL_MINUTES,
        SYNC_SCHEDULE,
        SYNC_INTERVAL_MINUTES,
        REMOVAL_GUARD_PERCENT,
        REMOVAL_GUARD_MIN_PAIRS,
        REMOVAL_GUARD_GROUP_PERCENT,
        REMOVAL_GUARD_GROUP_MIN_PAIRS,
        HISTORY_RETENTION_DAYS,
        REFRESH_WORK_MEM_MB,
        EVIDENCE_SOURCE,
        AGGREGATE_RETENTION_DAYS,
        SYNC_FUNCTION_NAME,
    ),
    functions=(
        Function(
            "sync_device_parameters",
            "carries out the scheduled run",
            timeout_s=900,
            concurrency=1,
            # A failed run has tried again by itself, and the next run makes up for it.
            delivery=Delivery(retries=1, max_age_s=HOUR),
            may=(PUT_EVENTS,),
        ),
        Function(
            "sync_after_load",
            "carries out the run that follows a load",
            timeout_s=900,
            concurrency=1,
            # A burst of loads waits for the run that is under way; one later run serves all of
            # them.
            delivery=Delivery(
                retries=2,
                max_age_s=HOUR,
                # Where the loads say that they are done.
                bus=If("TellsOfChanges", "${ChangeEventBusName}", "default"),
            ),
            may=(PUT_EVENTS,),
        ),
    ),
    metrics=(
        Metric("Added", graph="Changes", period_s=HOUR),
        Metric("Removed", graph="Changes", period_s=HOUR),
        Metric("Renamed", graph="Changes", period_s=HOUR),
        Metric(
            "RunDuration",
            graph="Seconds of a run, and of its refresh",
            statistic="Maximum",
            period_s=HOUR,
        ),
        Metric(
            "RefreshDuration",
            graph="Seconds of a run, and of its refresh",
            statistic="Maximum",
            period_s=HOUR,
        ),
        Metric(
            "MaterializationLag",
            graph="Seconds the aggregate lags behind",
            statistic="Maximum",
            period_s=HOUR,
        ),
        Metric("Observed", graph="Observed pairs", statistic="Maximum", period_s=HOUR),
        Metric("Unresolved", graph="Observed pairs", statistic="Maximum", period_s=HOUR),
        Metric("Held", graph="Held by the guard", statistic="Maximum", period_s=HOUR),
        Metric("GuardTripped", graph="Held by the guard", statistic="Maximum", period_s=HOUR),
        Metric("RunSucceeded", graph="Runs", period_s=HOUR),
        Metric("RunFailed", graph="Runs", period_s=HOUR),
        Metric(
            "AggregateNotMaterialized",
            graph="Aggregate that disagrees",
            statistic="Maximum",
            period_s=HOUR,
        ),
        Metric(
            "AggregateInconsistent",
            graph="Aggregate that disagrees",
            statistic="Maximum",
            period_s=HOUR,
        ),
    ),
    alarms=(
        Alarm(
            "no-successful-run",
            # A run that never started says nothing at all, which no alarm on errors would notice.
            "No run has succeeded in two intervals: device_parameters is going stale.",
            section="no-successful-run",
            metric="RunSucceeded",
            statistic="Sum",
            threshold=1,
            comparison="LessThanThreshold",
            missing="breaching",
            period_s=HOUR,
            periods=2,
            datapoints=2,
        ),
        Alarm(
            "removals-held",
            "The guard holds removals back: either ingestion is down, or a fleet really left.",
            section="removals-held",
            metric="GuardTripped",
            statistic="Maximum",
            # A run reports once. What it says holds until another run says otherwise.
            missing="ignore",
        ),
        Alarm(
            "aggregate-inconsistent",
            "The hourly aggregate disagreed with the measurements: something has passed it by.",
            section="an-aggregate-that-disagrees",
            metric="AggregateInconsistent",
            statistic="Maximum",
            missing="ignore",
        ),
    ),
    sends=Events("change", may_wait_h=2),
    objects={
        "device_parameters": "which parameter each device reports, with their names",
        "sync_runs": "the runs, each with what it changed and how it ended",
        "sync_runs_run_id_seq": "the number of the next run, drawn before the run is recorded",
        "device_parameter_changes": "the changes of each run; what is logged stays as it is",
        "held_removals": "removals that wait for a person, each with why, where and since when",
        "sync_pause": "a row while the runs that nobody asks for are paused",
        "device_parameters_hourly": "the pairs measured in each hour, each with its newest time",
        "device_parameter_sets_hourly": "the same by device: all its parameters in one row",
        "v_device_parameters": "the same as `device_parameters`, for other features to read",
        "device_parameters_legacy_view": "the view that the table replaced, where there was one",
    },
    rights={
        "runtime": {
            "device_parameters": "SELECT INSERT UPDATE DELETE",
            "sync_runs": "SELECT INSERT UPDATE DELETE",
            "sync_runs_run_id_seq": "USAGE",
            "device_parameter_changes": "SELECT INSERT DELETE",
            "held_removals": "SELECT INSERT UPDATE DELETE",
            "sync_pause": "SELECT INSERT UPDATE DELETE",
            # Both are the platform's. Its measurements are read as the owner of the aggregate.
            "redshift_devices": "SELECT",
            "timescale_parameters": "SELECT",
            # For `verify --against legacy-view`, where the table has replaced a view.
            "device_parameters_legacy_view?": "SELECT",
        }
    },
    aggregates={
        "device_parameters_hourly": ("timescale_measurements",),
        "device_parameter_sets_hourly": (),
    },
    api_may=(Permission("lambda:InvokeFunction", ("${SyncDeviceParameters.Arn}",)),),
    api_variables={"SYNC_FUNCTION_NAME": "${SyncDeviceParameters}"},
)
