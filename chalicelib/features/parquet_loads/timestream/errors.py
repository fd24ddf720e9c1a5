"""Why rows do not reach Amazon Timestream.

ApplicationError
├── NotForTimestreamError           permanent: there is no table for such a dataset       → 400
├── TimestreamRefusedError          permanent: it said no, and will say no again          → 500
└── TimestreamUnavailableError      retryable: no usable answer, even when asked again    → 503
    └── TimestreamThrottledError    retryable: it wants fewer requests, even after waits  → 503

`details` counts the rows that were written before. They stay, and may be written again.
"""

from chalicelib.errors import ApplicationError


class NotForTimestreamError(ApplicationError):
    code = "NOT_FOR_TIMESTREAM"
    http_status = 400


class TimestreamRefusedError(ApplicationError):
    code = "TIMESTREAM_REFUSED"
    public_message = "Amazon Timestream refused the request"


class TimestreamUnavailableError(ApplicationError):
    code = "TIMESTREAM_UNAVAILABLE"
    http_status = 503
    public_message = "Amazon Timestream cannot be reached"


class TimestreamThrottledError(TimestreamUnavailableError):
    code = "TIMESTREAM_THROTTLED"
    public_message = "Amazon Timestream is busy"
