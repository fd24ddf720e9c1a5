"""Why something cannot be done to a device.

ApplicationError
├── UnknownDeviceError  no device has that id, or not for you     → 404
└── DeviceExistsError   the id, or the serial number, is in use   → 409
"""

from chalicelib.errors import ConflictError, UnknownResourceError
from chalicelib.features.devices.model import SERIAL_NUMBER


class UnknownDeviceError(UnknownResourceError):
    code = "DEVICE_NOT_FOUND"

    def __init__(self, device_id: str) -> None:
        super().__init__(f"there is no device {device_id!r}", deviceId=device_id)


class DeviceExistsError(ConflictError):
    code = "DEVICE_EXISTS"

    @classmethod
    def by_id(cls, device_id: str) -> "DeviceExistsError":
        """The id is that of a device that is registered, or was."""
        return cls(
            f"the device {device_id!r} has been registered already",
            parameter="deviceId",
            deviceId=device_id,
        )

    @classmethod
    def by_serial_number(cls, number: str | None) -> "DeviceExistsError":
        """Another device of the organization has the serial number."""
        return cls(
            f"there is a device with the serial number {number!r} already",
            parameter=f"metadata.{SERIAL_NUMBER}",
            serialNumber=number,
        )
