"""Every error this application raises on purpose.

ApplicationError
├── InvalidSettingError       an environment variable is missing or malformed → CLI exit code 2
├── InvalidRequestError       the caller can fix it                           → 400
├── UnknownResourceError      nothing has that name                           → 404
├── ConflictError             it contradicts what is there                    → 409
│   └── KeyReusedError        an Idempotency-Key came with another request    → 409
├── StaleVersionError         it has been changed since it was read           → 412
├── RunAlreadyActiveError     another run holds the lock                      → a skipped run
├── DatabaseUnavailableError  no connection, or it was lost                   → 503
│   ├── DatabaseBusyError     other work is in the way at the moment          → 503
│   └── LoginRefusedError     it answers, and does not let us in              → 503
├── RoleNotIsolatedError      the login would see all organizations' rows     → 503
├── SchemaOutdatedError       migrations are not at head                      → 503
├── AggregateMissingError     the continuous aggregate is gone                → 503
├── ServiceDownError          what a stranger is told of all these      → 503
├── DatabaseRefusedError      the database refuses, and would do so again     → 500
├── MigrationError            Alembic, or a check before it, says why not     → the function's error
└── RunTimedOutError          the time a run was given is used up             → 500
"""

from typing import Any


class ApplicationError(Exception):
    """A sentence for people, a stable code for programs, and facts in *details*."""

    code = "INTERNAL_ERROR"
    http_status = 500
    # What a stranger may read in place of the message; None where the message may be shown.
    public_message: str | None = None
    # Whether the platform's own people, who sent a valid token, read the message even so.
    is_told_to_callers = False

    def __init__(self, message: str, **details: Any) -> None:
        super().__init__(message)
        self.message = message
        self.details = details


class InvalidSettingError(ApplicationError):
    code = "INVALID_SETTING"
    public_message = "the service is not configured"
    is_told_to_callers = True

    def __init__(self, variable: str, problem: str) -> None:
        super().__init__(f"{variable} {problem}", variable=variable)


class InvalidRequestError(ApplicationError):
    code = "INVALID_REQUEST"
    http_status = 400


class UnknownResourceError(ApplicationError):
    code = "NOT_FOUND"
    http_status = 404


class ConflictError(ApplicationError):
    code = "CONFLICT"
    http_status = 409


class KeyReusedError(ConflictError):
    code = "IDEMPOTENCY_KEY_REUSED"


class StaleVersionError(ApplicationError):
    code = "STALE_VERSION"
    http_status = 412


class RunAlreadyActiveError(ApplicationError):
    code = "RUN_ALREADY_ACTIVE"
    http_status = 409


class DatabaseUnavailableError(ApplicationError):
    code = "DATABASE_UNAVAILABLE"
    http_status = 503
    public_message = "the database cannot be reached"
    is_told_to_callers = True


class DatabaseBusyError(DatabaseUnavailableError):
    code = "DATABASE_BUSY"
    public_message = "the database is busy, or a table is locked"
    is_told_to_callers = False


class LoginRefusedError(DatabaseUnavailableError):
    code = "DATABASE_LOGIN_REFUSED"


class RoleNotIsolatedError(ApplicationError):
    code = "DATABASE_ROLE_NOT_ISOLATED"
    http_status = 503
    public_message = "the service is not configured"
    is_told_to_callers = True


class SchemaOutdatedError(ApplicationError):
    code = "SCHEMA_OUTDATED"
    http_status = 503


class AggregateMissingError(ApplicationError):
    code = "AGGREGATE_MISSING"
    http_status = 503


class ServiceDownError(ApplicationError):
    code = "DOWN"
    http_status = 503
    public_message = "the service is down"


class DatabaseRefusedError(ApplicationError):
    code = "DATABASE_REFUSED"
    public_message = "the database refused the request"


class MigrationError(ApplicationError):
    code = "MIGRATION_FAILED"


class RunTimedOutError(ApplicationError):
    code = "RUN_TIMED_OUT"
