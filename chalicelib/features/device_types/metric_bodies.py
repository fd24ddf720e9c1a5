"""The bodies of metrics: what devices of a type report, and what is computed from that."""

from typing import Annotated

from chalicelib.bodies import (
    END,
    MAX_NUMBER,
    STORABLE,
    UNSET,
    Body,
    Id,
    Meta,
    Name,
    Number,
    UnsetType,
    one_line,
    spelled,
)
from chalicelib.expressions import FUNCTIONS, MAX_LENGTH, NAME
from chalicelib.features.device_types.model import DataType
from chalicelib.paths import MAX_LENGTH as MAX_PATH_LENGTH

ValuePath = Annotated[str, Meta(pattern=STORABLE, max_length=MAX_PATH_LENGTH)]
_MetricName = Annotated[
    str,
    Meta(
        pattern=spelled(
            rf"^{NAME}{END}",
            "must be a letter, and then at most 63 letters, digits and underscores, of ASCII",
        ),
        description="What devices call the value when they report it.",
        examples=["temperature"],
    ),
]
_Label = Annotated[
    Name | None,
    Meta(description="What people call it; null for its name.", examples=["Room temperature"]),
]
_ParameterId = Annotated[
    Id,
    Meta(
        description="The parameter that its readings are kept as.",
        examples=["type-123.temperature"],
    ),
]
_UnitName = Annotated[str, Meta(pattern=one_line(32))]
_Unit = Annotated[
    _UnitName | None, Meta(description="The unit that it is kept in.", examples=["°C"])
]
_Note = Annotated[
    Annotated[str, Meta(pattern=STORABLE, min_length=1, max_length=500)] | None,
    Meta(description="What is to be known of it."),
]
_DataType = Annotated[
    DataType,
    Meta(
        description="What kind of value devices report; what is computed is a `number`.",
        examples=["number"],
    ),
]
_Minimum = Annotated[
    Number | None, Meta(description="The least value that can be, in its unit.", examples=[-40.0])
]
_Maximum = Annotated[
    Number | None, Meta(description="The greatest value that can be, in its unit.", examples=[85.0])
]
_Expression = Annotated[
    Annotated[str, Meta(pattern=STORABLE, max_length=MAX_LENGTH)] | None,
    Meta(
        description="How it is computed from other metrics of the type, as they are kept; null "
        f"where devices report it. It is made of numbers, names of metrics, `+ - * / % **`, "
        f"brackets, and {', '.join(f'`{name}`' for name in FUNCTIONS)}.",
        examples=["temperature - (100 - humidity) / 5"],
    ),
]
_Path = Annotated[
    ValuePath | None,
    Meta(
        description="Where it stands in what devices send: fields and indexes of JMESPath. Null "
        "where it stands under its name in `data`, or at the top where there is no `data`.",
        examples=["uplink_message.decoded_payload.temperature"],
    ),
]


class Conversion(Body, rename="camel"):
    """How what is reported becomes what is kept: `value * scale + offset`."""

    scale: Annotated[Number, Meta(description="By what it is multiplied.", examples=[0.1])] = 1.0
    offset: Annotated[Number, Meta(description="What is added then.", examples=[-40.0])] = 0.0
    from_unit: Annotated[
        _UnitName | None,
        Meta(description="The unit that devices report it in.", examples=["°F"]),
    ] = None


_Conversion = Annotated[
    Conversion | None, Meta(description="Null where it is kept as devices report it.")
]


class Usual(Body, rename="camel"):
    """Which values are usual. Others are kept, and marked."""

    minimum: Annotated[
        Number | None, Meta(description="The least usual value, in its unit.", examples=[18.0])
    ] = None
    maximum: Annotated[
        Number | None, Meta(description="The greatest usual value, in its unit.", examples=[26.0])
    ] = None
    change_per_minute: Annotated[
        Annotated[float, Meta(gt=0, le=MAX_NUMBER)] | None,
        Meta(
            description="By how much it changes in a minute at most, up or down, in its unit.",
            examples=[2.0],
        ),
    ] = None
    deviation: Annotated[
        bool,
        Meta(
            description="Whether what differs much from the device's own recent values is marked."
        ),
    ] = True


_Usual = Annotated[
    Usual | None,
    Meta(
        description="Which values are usual. Null where nothing is said: then a number is marked "
        "where it differs much from the device's own recent ones."
    ),
]


class DeviceMetric(Body, rename="camel"):
    """What devices of a type report, or what is computed from that."""

    name: _MetricName
    label: _Label
    description: _Note
    parameter_id: _ParameterId
    unit: _Unit
    data_type: _DataType
    minimum: _Minimum
    maximum: _Maximum
    conversion: _Conversion
    expression: _Expression
    path: _Path
    usual: _Usual


class NewDeviceMetric(Body, rename="camel"):
    """What devices of a type are to report, or what is to be computed from that."""

    name: _MetricName
    label: _Label = None
    description: _Note = None
    parameter_id: (
        Annotated[
            Id,
            Meta(
                description="The parameter that its readings are kept as: one of this type's, or "
                "any where one of the platform's own people says so. Otherwise one is made.",
            ),
        ]
        | UnsetType
    ) = UNSET
    unit: _Unit = None
    data_type: _DataType = DataType.NUMBER
    minimum: _Minimum = None
    maximum: _Maximum = None
    conversion: _Conversion = None
    expression: _Expression = None
    path: _Path = None
    usual: _Usual = None
