"""Why something cannot be done to a user.

ApplicationError
├── UnknownUserError           no user has that id, or not for you     → 404
├── UnknownDeviceTokenError    the token is not registered here        → 404
├── NoProfileError             the caller is no user of ours           → 404
├── UserExistsError            the address, or the subject, is in use  → 409
├── LastAdminError             the organization would have no admin    → 409
└── IdentityProviderError      the user pool did not do what was asked → tried again
"""

from chalicelib.errors import ApplicationError, ConflictError, UnknownResourceError


class UnknownUserError(UnknownResourceError):
    code = "USER_NOT_FOUND"

    def __init__(self, user_id: str) -> None:
        super().__init__(f"there is no user {user_id!r}", userId=user_id)


class UnknownDeviceTokenError(UnknownResourceError):
    code = "DEVICE_TOKEN_NOT_FOUND"


class NoProfileError(UnknownResourceError):
    code = "PROFILE_NOT_FOUND"


class UserExistsError(ConflictError):
    code = "USER_EXISTS"


class LastAdminError(ConflictError):
    code = "LAST_ADMIN"


class IdentityProviderError(ApplicationError):
    code = "IDENTITY_PROVIDER_FAILED"
