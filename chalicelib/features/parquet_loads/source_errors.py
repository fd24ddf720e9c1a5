"""Why an object cannot be read now. Each of them passes; `errors` has what stays.

ApplicationError
├── ReaderMissingError      what reads Parquet is not there, or not for this system       → 503
├── SourceUnavailableError  no usable answer from where it is, however often it was asked → 503
└── ObjectChangedError      it is no longer what was looked at: look again                → 409
"""

from chalicelib.errors import ApplicationError


class ReaderMissingError(ApplicationError):
    code = "READER_MISSING"
    http_status = 503
    public_message = "files cannot be read at the moment"


class SourceUnavailableError(ApplicationError):
    code = "SOURCE_UNAVAILABLE"
    http_status = 503
    public_message = "the source of the file cannot be reached"


class ObjectChangedError(ApplicationError):
    code = "OBJECT_CHANGED"
    http_status = 409
