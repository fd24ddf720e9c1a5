"""Why an import cannot be found, stopped or carried out.

ApplicationError
├── UnknownImportError      no import has that id, or not for you              → 404
├── ImportEndedError        there is nothing left to cancel                    → 409
├── FileRefusedError        the file cannot be imported                        → a failed import
├── FileUnavailableError    the bucket gives no answer, or does not let us in  → tried again
└── ClaimLostError          somebody has cancelled it, or goes on with it      → left alone
"""

from chalicelib.errors import ApplicationError, ConflictError, UnknownResourceError
from chalicelib.features.devices.imports.model import ImportStatus


class UnknownImportError(UnknownResourceError):
    code = "IMPORT_NOT_FOUND"

    def __init__(self, import_id: str) -> None:
        super().__init__(f"there is no import {import_id!r}", importId=import_id)


class ImportEndedError(ConflictError):
    code = "IMPORT_ENDED"

    def __init__(self, import_id: str, status: ImportStatus) -> None:
        super().__init__(
            f"the import {import_id!r} has ended: it has {status.value}",
            importId=import_id,
            status=status.value,
        )


class FileRefusedError(ApplicationError):
    code = "FILE_REFUSED"


class FileUnavailableError(ApplicationError):
    code = "FILE_UNAVAILABLE"


class ClaimLostError(ApplicationError):
    code = "CLAIM_LOST"
