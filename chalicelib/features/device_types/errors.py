"""Why something cannot be done to a device type.

ApplicationError
├── UnknownDeviceTypeError  no type has that id, or not for you  → 404
├── DeviceTypeExistsError   the name is in use                   → 409
└── DeviceTypeInUseError    devices are of this type             → 409
"""

from chalicelib.errors import ConflictError, UnknownResourceError


class UnknownDeviceTypeError(UnknownResourceError):
    code = "DEVICE_TYPE_NOT_FOUND"

    def __init__(self, device_type_id: str) -> None:
        super().__init__(f"there is no device type {device_type_id!r}", deviceTypeId=device_type_id)


class DeviceTypeExistsError(ConflictError):
    code = "DEVICE_TYPE_EXISTS"

    def __init__(self, name: str) -> None:
        super().__init__(f"there is a device type {name} already", name=name)


class DeviceTypeInUseError(ConflictError):
    code = "DEVICE_TYPE_IN_USE"

    def __init__(self, device_type_id: str) -> None:
        super().__init__(
            "devices are of this type: give them another one, or delete them, first",
            deviceTypeId=device_type_id,
        )
