"""Why rows do not reach Amazon Timestream.

ApplicationError
├── NotForTimestreamError           there is no table for such a dataset                → 400
├── TimestreamRefusedError          it said no, and will say no again                   → 500
└── TimestreamUnavailableError      no usable answer, however often it was asked        → 503
    └── TimestreamThrottledError    it wants fewer requests, however long that was done → 503

`details` say what went through before: that stays, and may be written again.
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
