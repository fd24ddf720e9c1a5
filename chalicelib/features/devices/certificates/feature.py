"""What devices need of AWS IoT Core, as plain data: a part of the declaration of devices."""

from chalicelib.feature import (
    Alarm,
    Delivery,
    Function,
    If,
    Metric,
    Parameter,
    Permission,
    Setting,
    matching,
    one_of,
    schedule_expression,
)

DEVICE_IDENTITIES = Setting(
    "DEVICE_IDENTITIES",
    one_of("none", "iot"),
    "Whether devices get a thing and certificates at AWS IoT Core (`iot`) or not (`none`).",
    default="none",
)
IOT_POLICY_NAME = Setting(
    "IOT_POLICY_NAME",
    matching(r"[\w+=,.@-]{1,128}", "the name of an IoT policy"),
    "The IoT policy that says what devices may do; needed where DEVICE_IDENTITIES is `iot`.",
    is_optional=True,
)
IOT_ENDPOINT = Setting(
    "IOT_ENDPOINT",
    matching(r"[A-Za-z0-9.-]{1,253}", "a host name"),
    "Where devices are told to connect; without it, IoT Core is asked for the account's own.",
    is_optional=True,
)
PROVISION_SCHEDULE = Setting(
    "PROVISION_SCHEDULE",
    schedule_expression,
    "When IoT Core is told of devices; read while the application is packaged.",
    default="rate(1 minute)",
)
_CONDITION = "MakesDeviceIdentities"
_OWN_ENDPOINT = "NamesIotEndpoint"
_AT_IOT = "arn:${AWS::Partition}:iot:${AWS::Region}:${AWS::AccountId}"
# Neither ids of certificates nor names of things are known when this is deployed.
_CERTIFICATES = (f"{_AT_IOT}:cert/*",)
_THINGS = (f"{_AT_IOT}:thing/*",)
# IoT Core knows no resource for these.
_ANY = ("*",)


def _may(actions: dict[str, tuple[str, ...]]) -> tuple[Permission, ...]:
    return tuple(
        Permission(f"iot:{action}", resources, condition=_CONDITION)
        for action, resources in actions.items()
    )


# A request makes a certificate and switches one off. What has to be looked for, detached and
# deleted is for the function that nobody can call.
API_MAY = _may(
    {
        "AttachPolicy": _CERTIFICATES,
        "AttachThingPrincipal": _ANY,
        "CreateCertificateFromCsr": _ANY,
        "CreateThing": _THINGS,
        "DescribeEndpoint": _ANY,
        "DescribeThing": _THINGS,
        "UpdateCertificate": _CERTIFICATES,
    }
)
_UNDOING = _may(
    {
        "DeleteCertificate": _CERTIFICATES,
        "DeleteThing": _THINGS,
        "DescribeCertificate": _CERTIFICATES,
        "DetachPolicy": _CERTIFICATES,
        "DetachThingPrincipal": _ANY,
        "ListAttachedPolicies": _CERTIFICATES,
        "ListCertificates": _ANY,
    }
)
VARIABLES = {
    "DEVICE_IDENTITIES": If(_CONDITION, "iot"),
    "IOT_POLICY_NAME": If(_CONDITION, "${IotPolicyName}"),
    "IOT_ENDPOINT": If(_OWN_ENDPOINT, "${IotEndpoint}"),
}
SETTINGS = (DEVICE_IDENTITIES, IOT_POLICY_NAME, IOT_ENDPOINT, PROVISION_SCHEDULE)
FUNCTIONS = (
    Function(
        "provision_devices",
        "tells IoT Core of devices",
        concurrency=1,
        # A minute later the same is due.
        delivery=Delivery(retries=0, max_age_s=60, is_kept=False),
        may=(*API_MAY, *_UNDOING),
        variables=VARIABLES,
    ),
)
PARAMETERS = (
    Parameter(
        "IotPolicyName",
        "The IoT policy of devices; empty where devices get no things and no certificates",
        pattern=r"^[\w+=,.@-]{0,128}$",
        condition=_CONDITION,
    ),
    Parameter(
        "IotEndpoint",
        "Where devices are told to connect; empty for the account's own endpoint",
        pattern="^[A-Za-z0-9.-]{0,253}$",
        condition=_OWN_ENDPOINT,
    ),
)
METRICS = (
    Metric("DevicesWaiting", graph="Devices not told of yet", statistic="Maximum"),
    Metric("ProvisioningDelay", graph="How far IoT Core is behind", statistic="Maximum"),
)
ALARMS = (
    Alarm(
        "devices-not-provisioned",
        "IoT Core has not been told of a device for half an hour.",
        section="devices-not-provisioned",
        metric="ProvisioningDelay",
        statistic="Maximum",
        threshold=1800,
    ),
)
OBJECTS = {
    "device_things": "the things of devices at AWS IoT Core, and how ours are told from others'",
    "device_certificates": "the certificates of devices, those that were revoked or undone, too",
    "device_identity_work": "devices of which IoT Core has still to be told",
}
RIGHTS = {
    "device_things": "SELECT INSERT UPDATE",
    "device_certificates": "SELECT INSERT UPDATE",
    "device_identity_work": "SELECT INSERT UPDATE DELETE",
}
