"""The registry of an organization: what whoever looks at the page asks of it, and does to it."""

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
from tests.console import canned, canned_devices
from tests.console.canned import Document
from tests.console.replies import Answer, Kept, Sent, listing


class Registry:
    """Three device types, one of them shared, and 30 devices; refused is as the API refuses."""

    def __init__(self, now: datetime) -> None:
        self._now = now
        self._made = 0
        self.types = Kept("deviceTypeId", canned_devices.device_types(self._now))
        self.devices = Kept("deviceId", canned_devices.devices(self._now))
        self.changes = [
            canned_devices.change(self._now, 2, "changed"),
            canned_devices.change(self._now, 1, "registered"),
        ]
        self.certificates = [canned_devices.certificate(self._now, "cert-1", "active")]
        self.imports = [
            canned_devices.device_import(self._now, "import-0", status="failed", registeredCount=3)
        ]
        self.holds = [canned_devices.hold(self._now)]
        self.is_key_lost = False
        self.is_aws_slow = False

    def answer(self, sent: Sent) -> Answer | None:
        """The answer to a request about the registry; None for any other."""
        match sent.method, sent.parts:
            case _, ["device-types", *_]:
                return self._of_types(sent)
            case _, ["devices", _, "state"]:
                return None
            case _, ["device-imports", *rest]:
                return self._of_imports(sent, rest)
            case _, ["connectivity", "holds", *_]:
                return self._of_holds(sent)
            case _, ["devices", device_id, *rest] if rest:
                return self._of_part(sent, device_id, rest)
            case _, ["devices", *_]:
                return self._of_devices(sent)
        return None

    def _of_types(self, sent: Sent) -> Answer:
        match sent.method, sent.parts[1:]:
            case "GET", []:
                shown = [canned_devices.listed(each) for each in self.types.items]
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
        return self.types.add(
            canned_devices.device_type(self._now, f"type-{self._made}", **_whole(sent.body))
        )

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
        device = canned_devices.device(
            self._now, f"dev-new{self._made}", body["name"], type=body["deviceType"]
        )
        self.devices.add(device)
        facts = {name: device[name] for name in ("deviceId", "name", "status", "createdAt")}
        return 201, {**facts, **self._issued(body)}

    def _of_part(self, sent: Sent, device_id: str, rest: list[str]) -> Answer:
        match sent.method, rest:
            case "GET", ["changes"]:
                return 200, {"items": self.changes, "next": None}
            case "GET", ["transitions"]:
                return 200, {
                    "items": [
                        canned_devices.transition(self._now, 2),
                        canned_devices.transition(self._now, 1),
                    ],
                    "next": None,
                }
            case "GET", ["parameters"]:
                seen = canned.instant(self._now - timedelta(days=3))
                named = {"parameterId": "type-1.temperature", "name": canned.HOSTILE_NAME}
                return 200, {"items": [{**named, "since": seen}], "next": None}
            case "GET", ["certificates"]:
                return 200, {"certificates": self.certificates}
            case "POST", ["certificates"]:
                bodies.read(NewCertificate, sent.body)
                made = canned_devices.certificate(
                    self._now, f"cert-{len(self.certificates) + 1}", "active"
                )
                self.certificates.insert(0, made)
                return 201, {"deviceId": device_id, **self._issued(sent.body)}
            case "POST", ["certificates", certificate_id, "revoke"]:
                [found] = [
                    each for each in self.certificates if each["certificateId"] == certificate_id
                ]
                found["status"] = "revoking"
                return 200, found
        raise AssertionError(sent)

    def _of_imports(self, sent: Sent, rest: list[str]) -> Answer:
        match sent.method, rest:
            case "GET", []:
                return listing(self.imports, sent.given, "createdAt")
            case "POST", []:
                made = canned_devices.device_import(
                    self._now, f"import-{len(self.imports)}", name=sent.body["name"]
                )
                self.imports.append(made)
                return 201, {**made, "upload": None}
            case "GET", [_, "rows"]:
                refusal = {"code": "INVALID_REQUEST", "message": "name is missing", "field": "name"}
                refused = {"line": 3, "deviceId": None, "error": refusal}
                rows = [{"line": 2, "deviceId": "dev-01", "error": None}, refused]
                shown = rows[1:] if sent.given.get("outcome") == "refused" else rows
                return 200, {"items": shown, "next": None}
        [found] = [each for each in self.imports if each["importId"] == rest[0]]
        if rest[1:] == ["cancel"]:
            found["status"] = "cancelled"
        return 200, found

    def _of_holds(self, sent: Sent) -> Answer:
        if sent.method == "GET":
            return 200, {"items": self.holds, "next": None}
        [hold] = self.holds
        hold |= {"releasedAt": hold["since"], "releasedBy": "subject-of-the-token", **sent.body}
        return 200, hold

    def _issued(self, body: Mapping[str, Any]) -> Document:
        is_shown = "csr" not in body and not self.is_key_lost
        if self.is_aws_slow:
            waiting = {"status": "pending", "certificateId": "cert-2", "reason": "see GET /devices"}
            return {"provisioning": waiting, "provisioningCredentials": None}
        return {
            "provisioning": {"status": "ready", "certificateId": "cert-2", "reason": None},
            "provisioningCredentials": {
                "certificateArn": "arn:aws:iot:eu-central-1:123456789012:cert/0123456789abcdef",
                "certificatePem": canned_devices.PEM,
                "privateKey": canned_devices.PRIVATE_KEY if is_shown else None,
                "endpoint": "a1b2c3.iot.eu-central-1.amazonaws.com",
            },
        }


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
