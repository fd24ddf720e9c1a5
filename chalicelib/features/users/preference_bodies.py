"""The bodies of preferences: what somebody wants, and what is to change of it."""

from typing import Annotated

import msgspec

from chalicelib.bodies import END, UNSET, Body, Meta, UnsetType, spelled
from chalicelib.features.users.model import Theme

_OnEmail = Annotated[bool, Meta(description="Whether messages come by mail.")]
_OnPush = Annotated[bool, Meta(description="Whether messages come to the registered devices.")]
_OnSms = Annotated[bool, Meta(description="Whether messages come to the phone number.")]
_TimeOfDay = Annotated[
    str,
    Meta(
        pattern=spelled(
            rf"^([01][0-9]|2[0-3]):[0-5][0-9]{END}", "must be a time of day from 00:00 to 23:59"
        )
    ),
]
_Start = Annotated[_TimeOfDay, Meta(description="When the quiet begins.", examples=["22:00"])]
_End = Annotated[
    _TimeOfDay,
    Meta(description="When it ends: on the next day, if not after the start.", examples=["08:00"]),
]
_Zone = Annotated[
    str,
    Meta(
        pattern=spelled(
            rf"^[A-Za-z0-9_+/-]{{1,64}}{END}",
            "must be an IANA time zone, such as America/New_York",
        ),
        description="Where it is that time: an IANA time zone.",
        examples=["America/New_York"],
    ),
]
_IsQuiet = Annotated[bool, Meta(description="Whether there are quiet hours.")]
_Theme = Annotated[Theme, Meta(description="How pages look.", examples=["dark"])]
_Language = Annotated[
    str,
    Meta(
        pattern=spelled(
            rf"^[a-z]{{2,3}}(-[A-Z][a-z]{{3}})?(-([A-Z]{{2}}|[0-9]{{3}}))?{END}",
            "must be a language by its BCP 47 tag, such as en or pt-BR",
        ),
        description="The language of messages, by its BCP 47 tag.",
        examples=["en"],
    ),
]


class Notifications(Body, rename="camel"):
    """By which ways somebody wants to be told."""

    email: _OnEmail = True
    push: _OnPush = True
    sms: _OnSms = False


class QuietHours(Body, rename="camel"):
    """When somebody does not want to be told."""

    enabled: _IsQuiet = False
    start: _Start = "22:00"
    end: _End = "08:00"
    timezone: _Zone = "UTC"


class Preferences(Body, rename="camel"):
    """What somebody wants."""

    notifications: Notifications = msgspec.field(default_factory=Notifications)
    quiet_hours: QuietHours = msgspec.field(default_factory=QuietHours)
    theme: _Theme = Theme.SYSTEM
    language: _Language = "en"


class NotificationsChange(Body, rename="camel"):
    """What is to change of the ways; those that are left out stay as they are."""

    email: _OnEmail | UnsetType = UNSET
    push: _OnPush | UnsetType = UNSET
    sms: _OnSms | UnsetType = UNSET


class QuietHoursChange(Body, rename="camel"):
    """What is to change of the quiet hours; what is left out stays as it is."""

    enabled: _IsQuiet | UnsetType = UNSET
    start: _Start | UnsetType = UNSET
    end: _End | UnsetType = UNSET
    timezone: _Zone | UnsetType = UNSET


class PreferencesChange(Body, rename="camel"):
    """What is to change of the preferences; what is left out stays as it is."""

    notifications: NotificationsChange | UnsetType = UNSET
    quiet_hours: QuietHoursChange | UnsetType = UNSET
    theme: _Theme | UnsetType = UNSET
    language: _Language | UnsetType = UNSET
