"""Names that the template already uses and the code does not know yet.

A test fails as soon as the code knows one of them: take it off the list then.
"""

METRICS = {
    *("RunSucceeded", "RefreshDuration", "MaterializationLag"),
    *("ColdStart", "ChangeEventsPending"),
}
VARIABLES = {"TIMESCALE_DB_SECRET_ARN", "CHANGE_EVENT_BUS", "METRICS_NAMESPACE"}
