"""What belongs to no feature in particular, declared as features declare what is theirs."""

from chalicelib.access.settings import ACCESS
from chalicelib.feature import Feature, Function, Parameter
from chalicelib.settings import SHARED

_SECRET_PATTERN = "arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:[0-9]{12}:.+$"  # noqa: S105

SERVICE = Feature(
    "service",
    "The service itself.",
    settings=(*SHARED, *ACCESS),
    parameters=(
        Parameter(
            "MigrationSecretArn",
            "The secret of the role that migrates; empty for the same login",
            group="Database",
            pattern=f"^$|^{_SECRET_PATTERN}",
            constraint="the whole ARN of a secret, never the password itself",
            condition="MigratesAsAnother",
        ),
    ),
    functions=(
        Function(
            "migrate",
            "migrates the database, when somebody invokes it",
            timeout_s=900,
            concurrency=1,
            secret="MigrationSecretArn",  # noqa: S106 a parameter's name
        ),
        Function("api_handler", "answers the API and the console", timeout_s=29),
        Function(
            "authorize",
            "lets the API's callers in, or turns them away",
            timeout_s=10,
            # It fetches the issuer's keys from the internet, which a private subnet reaches
            # through a NAT gateway only.
            uses_database=False,
            # Lambda counts each token that is refused as an error.
            errors_are_alarming=False,
        ),
    ),
    objects={
        "device_parameters_version": "the revision that the database is at",
        "audit_log": "who started, forced, released or paused what, and why",
        "idempotency_keys": "requests that were carried out, with their answers, for a day",
        "outbox_events": "events that wait to be sent, queued with what they tell of",
    },
    rights={
        "runtime": {
            "device_parameters_version": "SELECT",
            "audit_log": "SELECT INSERT",
            "idempotency_keys": "SELECT INSERT UPDATE DELETE",
            "outbox_events": "SELECT INSERT UPDATE DELETE",
        },
        "loader": {"device_parameters_version": "SELECT"},
    },
)
