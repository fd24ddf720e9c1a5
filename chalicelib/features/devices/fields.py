"""The fields that the bodies of devices are made of, with their limits."""

from typing import Annotated

from chalicelib.bodies import END, HALVES, Id, Instant, Meta, Name, spelled
from chalicelib.features.devices.model import MAX_FIELDS, MAX_TAGS

_CONTROL = rf"\x00-\x1f\x7f-\x9f\u2028\u2029{HALVES}"


def _line(length: int, besides: str = "") -> str:
    """A pattern of one line, without spaces around it, and without the characters *besides*."""
    edge, inner = rf"[^\s{_CONTROL}{besides}]", rf"[^{_CONTROL}{besides}]"
    told = ", without commas or spaces around it" if besides else ", without spaces around it"
    return spelled(
        rf"^{edge}({inner}{{0,{length - 2}}}{edge})?{END}",
        f"must be one line of at most {length} characters{told}",
    )


Line = Annotated[str, Meta(pattern=_line(256))]
_Tag = Annotated[str, Meta(pattern=_line(64, besides=","))]
_FieldName = Annotated[
    str,
    Meta(
        pattern=spelled(
            rf"^[^\s{_CONTROL}]{{1,64}}{END}", "must be 1 to 64 characters, without spaces"
        )
    ),
]
DeviceId = Annotated[Id, Meta(description="The device.", examples=["dev-abc123"])]
TypeName = Annotated[
    Id, Meta(description="What kind of device it is.", examples=["temperature-sensor-v2"])
]
DeviceName = Annotated[
    Name, Meta(description="What the device is called.", examples=["Office-Temp-Sensor-1"])
]
Latitude = Annotated[
    float, Meta(ge=-90, le=90, description="In degrees; north is positive.", examples=[37.7749])
]
Longitude = Annotated[
    float, Meta(ge=-180, le=180, description="In degrees; east is positive.", examples=[-122.4194])
]
Address = Annotated[
    Line, Meta(description="Where that is, in words.", examples=["Office 301, Building A"])
]
ConnectionType = Annotated[
    Line, Meta(description="By what it is connected.", examples=["cellular"])
]
SimId = Annotated[Line, Meta(description="Its SIM.", examples=["sim-123456"])]
SignalStrength = Annotated[
    float, Meta(ge=-1000, le=1000, description="How well it hears, in dBm.", examples=[-45])
]
IpAddress = Annotated[Line, Meta(description="Its address in its network.", examples=["10.0.1.25"])]
_SAID = (
    "What else there is to say: `manufacturer`, `model`, `serialNumber`, and whatever you call so. "
    "The serial number is one device's in its organization."
)
_METADATA = {
    "manufacturer": "SensorCorp",
    "model": "TSv2-001",
    "serialNumber": "SN123456789",
}
Metadata = Annotated[
    dict[_FieldName, Line],
    Meta(max_length=MAX_FIELDS, description=_SAID, examples=[_METADATA]),
]
MetadataChange = Annotated[
    dict[_FieldName, Line | None],
    Meta(max_length=MAX_FIELDS, description=f"{_SAID} Null takes a field away."),
]
Tags = Annotated[
    list[_Tag],
    Meta(
        max_length=MAX_TAGS,
        description="Words to find it by; each counts once.",
        examples=[["office", "building-a"]],
    ),
]
CreatedAt = Annotated[Instant, Meta(description="When it was registered.")]
MaintenanceUntil = Annotated[
    Instant | None,
    Meta(
        description="Until when it is in maintenance; null for until further notice, and for not."
    ),
]
