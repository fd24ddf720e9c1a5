"""Why a file is not loaded. Each of them is permanent: trying again changes nothing.

ApplicationError
└── UnloadableError           nothing of this file was loaded, or ever will be as it is
    ├── UnknownDatasetError   the key does not say which dataset the file belongs to
    ├── ObjectMissingError    there is no such object or file
    ├── ObjectForbiddenError  it may not be read
    ├── FileEmptyError        it has no bytes
    ├── NotParquetError       it is something else
    ├── FileTruncatedError    it begins as Parquet and breaks off
    ├── FileEncryptedError    it is Parquet, and its keys are not ours
    ├── FileCorruptError      its bytes contradict themselves
    ├── FileUnsupportedError  it uses a codec or an encoding the reader does not know
    ├── FileTooLargeError     a part of it that must be in memory at once does not fit
    ├── SchemaMismatchError   columns are missing, too many or of the wrong type
    └── TooManyRejectedError  more rows are bad than may be
"""

from chalicelib.errors import ApplicationError


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
