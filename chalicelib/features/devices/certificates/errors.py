"""Why a device does not get, or lose, a certificate.

ApplicationError
├── UnknownCertificateError       no certificate of the device has that id     → 404
├── KeyInUseError                 the key has a certificate, or had one        → 409
├── TooManyCertificatesError      the device has more than enough              → 409
├── IdentityBusyError             the device's certificates are being changed  → 409
├── NoIdentitiesError             this deployment makes no certificates        → 409
├── NoThingNameError              no thing can be called like the device       → 409
├── IdentityServiceError          IoT Core did not do what was asked           → tried again
└── IdentityRefusedError          IoT Core refuses it, and would do so again   → undone
"""

from chalicelib.errors import ApplicationError, ConflictError, UnknownResourceError


class UnknownCertificateError(UnknownResourceError):
    code = "CERTIFICATE_NOT_FOUND"

    def __init__(self, certificate_id: str) -> None:
        super().__init__(
            f"the device has no certificate {certificate_id!r}", certificateId=certificate_id
        )


class KeyInUseError(ConflictError):
    code = "KEY_IN_USE"


class TooManyCertificatesError(ConflictError):
    code = "TOO_MANY_CERTIFICATES"


class IdentityBusyError(ConflictError):
    code = "CERTIFICATES_CHANGING"


class NoIdentitiesError(ConflictError):
    code = "NO_DEVICE_IDENTITIES"


class NoThingNameError(ConflictError):
    code = "NO_THING_NAME"


class IdentityServiceError(ApplicationError):
    code = "IDENTITY_SERVICE_FAILED"


class IdentityRefusedError(ApplicationError):
    code = "IDENTITY_REFUSED"
