"""Why a file is not loaded, now or ever.

ApplicationError
├── UnloadableError             permanent: this version of the file will never be loaded
│   ├── UnknownDatasetError     the key does not say which dataset the file belongs to
│   ├── ObjectMissingError      there is no such object or file
│   ├── ObjectForbiddenError    we are not allowed to read it
│   ├── FileEmptyError          it has no bytes
│   ├── NotParquetError         it is not a Parquet file
│   ├── FileTruncatedError      it begins as Parquet and breaks off
│   ├── FileEncryptedError      it is encrypted, and we do not have the keys
│   ├── FileCorruptError        its bytes contradict each other
│   ├── FileUnsupportedError    it uses a codec or an encoding that the reader does not know
│   ├── FileTooLargeError       a part that must be in memory at once does not fit
│   ├── SchemaMismatchError     columns are missing, superfluous or of the wrong type
│   ├── TooManyRejectedError    more rows are bad than the settings allow
│   ├── RowsRefusedError        the database refuses rows, and would do so again
│   └── DuplicateReadingsError  it refuses them as duplicates, of which it has some already
├── NothingToLoadError          the caller named what is not there, so no load is recorded → 404
├── ReaderMissingError          retryable: Parquet cannot be read on this system           → 503
├── SourceUnavailableError      retryable: S3 gave no usable answer, even when asked again → 503
└── ObjectChangedError          retryable: the object has changed since it was looked at   → 409
"""

from chalicelib.errors import ApplicationError, InvalidRequestError


class UnloadableError(ApplicationError):
    code = "UNLOADABLE"


class UnknownDatasetError(UnloadableError):
    code = "UNKNOWN_DATASET"


class ObjectMissingError(UnloadableError):
    code = "OBJECT_MISSING"
    http_status = 404


class ObjectForbiddenError(UnloadableError):
    code = "OBJECT_FORBIDDEN"
    http_status = 403


class FileEmptyError(UnloadableError):
    code = "FILE_EMPTY"


class NotParquetError(UnloadableError):
    code = "NOT_PARQUET"


class FileTruncatedError(UnloadableError):
    code = "FILE_TRUNCATED"


class FileEncryptedError(UnloadableError):
    code = "FILE_ENCRYPTED"


class FileCorruptError(UnloadableError):
    code = "FILE_CORRUPT"


class FileUnsupportedError(UnloadableError):
    code = "FILE_UNSUPPORTED"


class FileTooLargeError(UnloadableError):
    code = "FILE_TOO_LARGE"


class SchemaMismatchError(UnloadableError):
    code = "SCHEMA_MISMATCH"


class TooManyRejectedError(UnloadableError):
    code = "TOO_MANY_REJECTED"


class RowsRefusedError(UnloadableError):
    code = "ROWS_REFUSED"


class DuplicateReadingsError(UnloadableError):
    code = "DUPLICATE_READINGS"


class NothingToLoadError(InvalidRequestError):
    code = "OBJECT_MISSING"
    http_status = 404


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
