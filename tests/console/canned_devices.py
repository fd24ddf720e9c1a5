"""Documents of device types and devices, and of what was done to them, as the API shows them."""

from datetime import datetime, timedelta
from typing import Any

from tests.console import canned
from tests.console.canned import Document

PRIVATE_KEY = "-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END PRIVATE KEY-----\n"
PEM = "-----BEGIN CERTIFICATE-----\nbm90IHNlY3JldA==\n-----END CERTIFICATE-----\n"
CSR = "-----BEGIN CERTIFICATE REQUEST-----\nYXNr\n-----END CERTIFICATE REQUEST-----"
ODD_ID = 'd/7 "ü" & co?#%'


def device_types(now: datetime) -> list[Document]:
    """Three types: one with metrics of each kind, a spare one, and one that is shared."""
    usual = {"minimum": 18.0, "maximum": 26.0, "changePerMinute": 0.5, "deviation": False}
    temperature = _metric(
        "temperature",
        unit="°C",
        minimum=-40.0,
        maximum=85.0,
        path="uplink_message.decoded_payload.temperature",
        usual=usual,
    )
    humidity = _metric("humidity", unit="%", conversion=_conversion(0.1, 0.0))
    dew = _metric("dew_point", unit="°C", expression="temperature - (100 - humidity) / 5")
    return [
        device_type(
            now,
            "type-sensor",
            name="sensor-v2",
            timestampPath="uplink_message.received_at",
            metrics=[temperature, humidity, dew],
        ),
        device_type(now, "type-spare", name="spare", description=canned.HOSTILE_IMAGE),
        device_type(now, "type-meter", name="meter", isShared=True, organizationId=None),
    ]


def device_type(now: datetime, type_id: str, **facts: Any) -> Document:
    """A type of the organization, without metrics."""
    return {
        "deviceTypeId": type_id,
        "organizationId": "org-acme",
        "isShared": False,
        "description": None,
        "reportingIntervalSeconds": 300,
        "timestampPath": None,
        "metrics": [],
        "createdAt": canned.instant(now - timedelta(days=100)),
        "updatedAt": canned.instant(now - timedelta(days=10)),
        **facts,
    }


def listed(found: Document) -> Document:
    """A type, as lists show it."""
    facts = {name: value for name, value in found.items() if name != "metrics"}
    return {**facts, "metricCount": len(found["metrics"])}


def devices(now: datetime) -> list[Document]:
    """30 devices, one of which has all that there can be, and one a hostile name."""
    statuses = ["online", "online", "online", "offline", "registered"]
    many = [device(now, f"dev-{n:02}", f"Sensor {n:02}", status=statuses[n % 5]) for n in range(28)]
    many[1] |= {
        "location": {"lat": 52.52, "lon": -13.405, "address": "Hall 3, north"},
        "connectivity": {"type": "cellular", "simId": "sim-1", "signalStrength": -71},
        "metadata": {"serialNumber": "SN-1", "manufacturer": "SensorCorp", "shelf": "B 4"},
        "tags": ["office", "building-a"],
        "firmwareVersion": "v2.1.0",
        "health": {"uptime": 99.8, "dataQuality": None},
        "lastReading": {
            "temperature": 23.5,
            "humidity": 45,
            "timestamp": canned.instant(now - timedelta(minutes=2)),
        },
        "lastReadingUnits": {"temperature": "°C"},
    }
    maintenance = {"status": "maintenance", "maintenanceUntil": None}
    return [
        *many,
        device(now, "dev-28", "Worked on", **maintenance),
        device(now, ODD_ID, canned.HOSTILE_NAME, tags=[canned.HOSTILE_IMAGE]),
    ]


def device(now: datetime, device_id: str, name: str, **facts: Any) -> Document:
    """A device of which little is said."""
    status = facts.get("status", "online")
    is_heard_of = status in ("online", "offline")
    return {
        "deviceId": device_id,
        "name": name,
        "organizationId": "org-acme",
        "type": "sensor-v2",
        "status": status,
        "lifecycle": "active" if is_heard_of else "registered",
        "connectivityStatus": status if is_heard_of else "never",
        "location": None,
        "lastSeen": canned.instant(now - timedelta(minutes=2)) if is_heard_of else None,
        "firmwareVersion": None,
        "connectivity": None,
        "metadata": {},
        "tags": [],
        "maintenanceUntil": None,
        "createdAt": canned.instant(now - timedelta(days=30)),
        "updatedAt": canned.instant(now - timedelta(days=1)),
        "lastReading": None,
        "lastReadingUnits": None,
        "health": {"uptime": None, "dataQuality": None},
        **facts,
    }


def change(now: datetime, number: int, action: str) -> Document:
    """A line of the history of a device."""
    return {
        "changeId": number,
        "changedAt": canned.instant(now - timedelta(days=10 - number)),
        "action": action,
        "actor": "token:oncall",
        "before": {"name": "Sensor 1", "tags": []},
        "after": {"name": canned.HOSTILE_NAME, "tags": ["office"]},
    }


def transition(now: datetime, number: int) -> Document:
    """The first time that a device was heard of, or a later silence."""
    at = canned.instant(now - timedelta(hours=10 - number))
    was = "never" if number == 1 else "online"
    return {
        "transitionId": number,
        "isOnline": number == 1,
        "was": was,
        "happenedAt": at,
        "noticedAt": at,
        "inMaintenance": False,
    }


def device_import(now: datetime, import_id: str, **facts: Any) -> Document:
    """An import that is due."""
    return {
        "importId": import_id,
        "organizationId": "org-acme",
        "name": None,
        "format": "csv",
        "status": "waiting",
        "registeredCount": 0,
        "refusedCount": 1,
        "sizeBytes": 2_000,
        "readBytes": 1_000,
        "error": None,
        "createdBy": "token:oncall",
        "createdAt": canned.instant(now - timedelta(minutes=5)),
        "startedAt": None,
        "endedAt": None,
        **facts,
    }


def hold(now: datetime) -> Document:
    """An organization whose silence is held."""
    since = canned.instant(now - timedelta(minutes=20))
    facts = dict.fromkeys(("resumedAt", "releasedAt", "releasedBy", "comment"))
    return {
        "organizationId": "org-acme",
        "since": since,
        "quietSince": since,
        "reason": "ingestion_stopped",
        "silentCount": 1_900,
        "deviceCount": 2_000,
        **facts,
    }


def certificate(now: datetime, certificate_id: str, status: str) -> Document:
    """A certificate of a device."""
    return {
        "certificateId": certificate_id,
        "status": status,
        "reason": None,
        "certificateArn": "arn:aws:iot:eu-central-1:123456789012:cert/0123456789abcdef",
        "pem": PEM,
        "publicKeySha256": "ab" * 32,
        "createdAt": canned.instant(now - timedelta(days=20)),
        "expiresAt": canned.instant(now + timedelta(days=300)),
    }


def _metric(name: str, **facts: Any) -> Document:
    return {
        "name": name,
        "label": None,
        "description": None,
        "parameterId": f"type-sensor.{name}",
        "unit": None,
        "dataType": "number",
        "minimum": None,
        "maximum": None,
        "conversion": None,
        "expression": None,
        "path": None,
        "usual": None,
        **facts,
    }


def _conversion(scale: float, offset: float) -> Document:
    return {"scale": scale, "offset": offset, "fromUnit": None}
