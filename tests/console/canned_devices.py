"""Device types and devices of an organization, and what whoever looks at the page does to them."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from chalicelib import bodies
from chalicelib.bodies import UNSET
from chalicelib.features.device_types.bodies import DeviceTypeChange, NewDeviceType
from chalicelib.features.device_types.check import require_consistent
from chalicelib.features.device_types.errors import DeviceTypeInUseError, UnknownDeviceTypeError
from chalicelib.features.devices.bodies import DeviceChange, NewDevice
from chalicelib.features.devices.certificates.bodies import NewCertificate
from chalicelib.features.devices.errors import DeviceExistsError, UnknownDeviceError
from tests.console import canned
from tests.console.canned import Document
from tests.console.replies import Answer, Kept, Sent, listing

PRIVATE_KEY = "-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END PRIVATE KEY-----\n"
PEM = "-----BEGIN CERTIFICATE-----\nbm90IHNlY3JldA==\n-----END CERTIFICATE-----\n"
CSR = "-----BEGIN CERTIFICATE REQUEST-----\nYXNr\n-----END CERTIFICATE REQUEST-----"
ODD_ID = 'd/7 "ü" & co?#%'


class Registry:
    """Three device types, one of them shared, and 30 devices; refused is as the API refuses."""

    def __init__(self, now: datetime) -> None:
        self._now = now
        self._made = 0
        self.types = Kept("deviceTypeId", self._all_types())
        self.devices = Kept("deviceId", self._all_devices())
        self.changes = [self._change(2, "changed"), self._change(1, "registered")]
        self.certificates = [self._certificate("cert-1", "active")]
        self.is_key_lost = False
        self.is_aws_slow = False

    def answer(self, sent: Sent) -> Answer | None:
        """The answer to a request about the registry; None for any other."""
        match sent.method, sent.parts:
            case _, ["device-types", *_]:
                return self._of_types(sent)
            case _, ["devices", _, "state"]:
                return None
            case _, ["devices", device_id, *rest] if rest:
                return self._of_part(sent, device_id, rest)
            case _, ["devices", *_]:
                return self._of_devices(sent)
        return None

    def _of_types(self, sent: Sent) -> Answer:
        match sent.method, sent.parts[1:]:
            case "GET", []:
                shown = [self._listed(each) for each in self.types.items]
                return listing(_named(shown, sent.given), sent.given, "name")
            case "POST", []:
                return self._added_type(sent)
            case method, [type_id]:
                found = self.types.find(type_id)
                if found is None:
                    raise UnknownDeviceTypeError(type_id)
                if method == "GET":
                    return self.types.shown(found)
                if method == "DELETE":
                    return self._removed_type(sent, found)
                return self._changed_type(sent, found)
        raise AssertionError(sent)

    def _added_type(self, sent: Sent) -> Answer:
        require_consistent(bodies.read(NewDeviceType, sent.body).metrics)
        self._made += 1
        return self.types.add(self._type(f"type-{self._made}", **_whole(sent.body)))

    def _changed_type(self, sent: Sent, found: Document) -> Answer:
        metrics = bodies.read(DeviceTypeChange, sent.body).metrics
        require_consistent([] if metrics is UNSET else metrics)
        return self.types.change(sent, found, lambda item: item.update(_whole(sent.body)))

    def _removed_type(self, sent: Sent, found: Document) -> Answer:
        if any(device["type"] == found["name"] for device in self.devices.items):
            raise DeviceTypeInUseError(found["deviceTypeId"])
        return self.types.remove(sent, found)

    def _of_devices(self, sent: Sent) -> Answer:
        match sent.method, sent.parts[1:]:
            case "GET", []:
                found = _matching(self.devices.items, sent.given)
                return listing(found, sent.given, "name")
            case "POST", []:
                return self._registered(sent)
            case method, [device_id]:
                found_device = self.devices.find(device_id)
                if found_device is None:
                    raise UnknownDeviceError(device_id)
                if method == "GET":
                    return self.devices.shown(found_device)
                if method == "DELETE":
                    return self.devices.remove(sent, found_device)
                bodies.read(DeviceChange, sent.body)
                return self.devices.change(sent, found_device, lambda item: _merge(item, sent.body))
        raise AssertionError(sent)

    def _registered(self, sent: Sent) -> Answer:
        body = sent.body
        bodies.read(NewDevice, body)
        number = body["metadata"].get("serialNumber")
        if number and any(
            device["metadata"].get("serialNumber") == number for device in self.devices.items
        ):
            raise DeviceExistsError.by_serial_number(number)
        self._made += 1
        device = self._device(f"dev-new{self._made}", body["name"], type=body["deviceType"])
        self.devices.add(device)
        facts = {name: device[name] for name in ("deviceId", "name", "status", "createdAt")}
        return 201, {**facts, **self._issued(body)}

    def _of_part(self, sent: Sent, device_id: str, rest: list[str]) -> Answer:
        match sent.method, rest:
            case "GET", ["changes"]:
                return 200, {"items": self.changes, "next": None}
            case "GET", ["parameters"]:
                seen = canned.instant(self._now - timedelta(days=3))
                named = {"parameterId": "type-1.temperature", "name": canned.HOSTILE_NAME}
                return 200, {"items": [{**named, "since": seen}], "next": None}
            case "GET", ["certificates"]:
                return 200, {"certificates": self.certificates}
            case "POST", ["certificates"]:
                bodies.read(NewCertificate, sent.body)
                made = self._certificate(f"cert-{len(self.certificates) + 1}", "active")
                self.certificates.insert(0, made)
                return 201, {"deviceId": device_id, **self._issued(sent.body)}
            case "POST", ["certificates", certificate_id, "revoke"]:
                [found] = [
                    each for each in self.certificates if each["certificateId"] == certificate_id
                ]
                found["status"] = "revoking"
                return 200, found
        raise AssertionError(sent)

    def _issued(self, body: Mapping[str, Any]) -> Document:
        is_shown = "csr" not in body and not self.is_key_lost
        if self.is_aws_slow:
            waiting = {"status": "pending", "certificateId": "cert-2", "reason": "see GET /devices"}
            return {"provisioning": waiting, "provisioningCredentials": None}
        return {
            "provisioning": {"status": "ready", "certificateId": "cert-2", "reason": None},
            "provisioningCredentials": {
                "certificateArn": "arn:aws:iot:eu-central-1:123456789012:cert/0123456789abcdef",
                "certificatePem": PEM,
                "privateKey": PRIVATE_KEY if is_shown else None,
                "endpoint": "a1b2c3.iot.eu-central-1.amazonaws.com",
            },
        }

    def _all_types(self) -> list[Document]:
        temperature = _metric("temperature", unit="°C", minimum=-40.0, maximum=85.0)
        humidity = _metric("humidity", unit="%", conversion=_conversion(0.1, 0.0))
        dew = _metric("dew_point", unit="°C", expression="temperature - (100 - humidity) / 5")
        return [
            self._type("type-sensor", name="sensor-v2", metrics=[temperature, humidity, dew]),
            self._type("type-spare", name="spare", description=canned.HOSTILE_IMAGE),
            self._type("type-meter", name="meter", isShared=True, organizationId=None),
        ]

    def _type(self, type_id: str, **facts: Any) -> Document:
        return {
            "deviceTypeId": type_id,
            "organizationId": "org-acme",
            "isShared": False,
            "description": None,
            "reportingIntervalSeconds": 300,
            "metrics": [],
            "createdAt": canned.instant(self._now - timedelta(days=100)),
            "updatedAt": canned.instant(self._now - timedelta(days=10)),
            **facts,
        }

    def _listed(self, found: Document) -> Document:
        facts = {name: value for name, value in found.items() if name != "metrics"}
        return {**facts, "metricCount": len(found["metrics"])}

    def _all_devices(self) -> list[Document]:
        statuses = ["online", "online", "online", "offline", "registered"]
        many = [
            self._device(f"dev-{n:02}", f"Sensor {n:02}", status=statuses[n % 5]) for n in range(28)
        ]
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
                "timestamp": canned.instant(self._now - timedelta(minutes=2)),
            },
        }
        maintenance = {"status": "maintenance", "maintenanceUntil": None}
        return [
            *many,
            self._device("dev-28", "Worked on", **maintenance),
            self._device(ODD_ID, canned.HOSTILE_NAME, tags=[canned.HOSTILE_IMAGE]),
        ]

    def _device(self, device_id: str, name: str, **facts: Any) -> Document:
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
            "lastSeen": canned.instant(self._now - timedelta(minutes=2)) if is_heard_of else None,
            "firmwareVersion": None,
            "connectivity": None,
            "metadata": {},
            "tags": [],
            "maintenanceUntil": None,
            "createdAt": canned.instant(self._now - timedelta(days=30)),
            "updatedAt": canned.instant(self._now - timedelta(days=1)),
            "lastReading": None,
            "health": {"uptime": None, "dataQuality": None},
            **facts,
        }

    def _change(self, number: int, action: str) -> Document:
        return {
            "changeId": number,
            "changedAt": canned.instant(self._now - timedelta(days=10 - number)),
            "action": action,
            "actor": "token:oncall",
            "before": {"name": "Sensor 1", "tags": []},
            "after": {"name": canned.HOSTILE_NAME, "tags": ["office"]},
        }

    def _certificate(self, certificate_id: str, status: str) -> Document:
        return {
            "certificateId": certificate_id,
            "status": status,
            "reason": None,
            "certificateArn": "arn:aws:iot:eu-central-1:123456789012:cert/0123456789abcdef",
            "pem": PEM,
            "publicKeySha256": "ab" * 32,
            "createdAt": canned.instant(self._now - timedelta(days=20)),
            "expiresAt": canned.instant(self._now + timedelta(days=300)),
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
        **facts,
    }


def _conversion(scale: float, offset: float) -> Document:
    return {"scale": scale, "offset": offset, "fromUnit": None}


def _whole(body: Document) -> Document:
    """What was sent of a type, with the parameters of its metrics."""
    return {**body, "metrics": [{"parameterId": "made", **metric} for metric in body["metrics"]]}


def _merge(device: Document, change: Document) -> None:
    metadata = {**device["metadata"], **change.get("metadata", {})}
    device |= {
        **change,
        "type": change.get("deviceType", device["type"]),
        "status": {"active": "online"}.get(change.get("status", ""), change.get("status"))
        or device["status"],
        "metadata": {name: value for name, value in metadata.items() if value is not None},
    }


def _named(items: list[Document], given: Mapping[str, str]) -> list[Document]:
    shared = {"true": True, "false": False}
    return [
        item
        for item in items
        if given.get("name", "") in item["name"]
        and ("isShared" not in given or item["isShared"] is shared[given["isShared"]])
    ]


def _matching(items: list[Document], given: Mapping[str, str]) -> list[Document]:
    tags = set(given["tags"].split(",")) if "tags" in given else None
    return [
        item
        for item in items
        if given.get("status") in (None, item["status"])
        and given.get("deviceType") in (None, item["type"])
        and given.get("organizationId") in (None, item["organizationId"])
        and given.get("q", "").lower() in item["name"].lower()
        and (tags is None or tags & set(item["tags"]))
    ]
