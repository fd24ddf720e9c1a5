"""What devices measured last, and what was not stored, as the API answers."""

from datetime import datetime, timedelta
from typing import Any

from chalicelib import bodies
from chalicelib.features.telemetry.bodies import Replay
from tests.console import canned
from tests.console.canned import Document
from tests.console.replies import Answer, Sent

# What anybody may have sent.
HOSTILE_PAYLOAD = f'{{"deviceId": "dev-02", "data": {{"t": "{canned.HOSTILE_IMAGE}"}}}}'


class Telemetry:
    """30 devices, and three rejects; what is tried again is stored, but for what is hostile."""

    def __init__(self, now: datetime) -> None:
        self.devices = [_device(now, number) for number in range(1, 31)]
        self.rejects = [
            _reject(now, 1, "unknown_device", "dev-99", None, isQuarantined=True),
            _reject(
                now,
                2,
                "wrong_type",
                "dev-02",
                "temperature",
                payload=HOSTILE_PAYLOAD,
                message=f"temperature must be a number, and is '{canned.HOSTILE_NAME}'",
            ),
            _reject(now, 3, "not_readable", None, None, isCut=True, payload="x" * 4096),
        ]

    def answer(self, sent: Sent) -> Answer | None:
        """The answer to a request about telemetry; None for any other."""
        match sent.method, sent.parts:
            case "GET", ["telemetry", "latest"]:
                return 200, _page(_matching(self.devices, sent, "deviceId"), sent)
            case "GET", ["telemetry", "rejects"]:
                return 200, _page(_matching(self.rejects, sent, "reason", "deviceId"), sent)
            case "GET", ["telemetry", "rejects", "reasons"]:
                return 200, {"reasons": self._counts()}
            case "POST", ["telemetry", "rejects", "replay"]:
                return 200, self._replayed(sent)
        return None

    def _counts(self) -> list[Document]:
        return [
            {"reason": each["reason"], "rejects": 1, "newestAt": each["rejectedAt"]}
            for each in self.rejects
        ]

    def _replayed(self, sent: Sent) -> Document:
        bodies.read(Replay, sent.body)
        wanted = sent.body.get("rejectIds")
        tried = [
            each
            for each in self.rejects
            if not each["isCut"]
            and sent.body.get("reason") in (None, each["reason"])
            and sent.body.get("deviceId") in (None, each["deviceId"])
            and (wanted is None or each["rejectId"] in wanted)
        ]
        cleared = [each for each in tried if each["payload"] != HOSTILE_PAYLOAD]
        self.rejects = [each for each in self.rejects if each not in cleared]
        return {
            "tried": len(tried),
            "cleared": len(cleared),
            "stored": 4 * len(cleared),
            "corrected": 0,
            "next": None,
        }


def _device(now: datetime, number: int) -> Document:
    at = canned.instant(now - timedelta(seconds=5 * number))
    return {
        "deviceId": f"dev-{number:02}",
        "organizationId": "org-acme",
        "name": canned.HOSTILE_NAME if number == 3 else f"Office {number}",
        "lastReadingAt": at,
        "readingCount": 1_000 * number,
        "correctedCount": number // 2,
        "readings": [
            reading("temperature", at, 21.8, unit="°C"),
            reading("humidity", at, 45.199999999999996, unit="%"),
            reading("door", at, 1.0, dataType="boolean"),
            reading("co2", canned.instant(now - timedelta(hours=3)), 450.0, dataType="integer"),
            *(reading(f"extra-{extra}", at, extra) for extra in range(1, 4)),
        ],
    }


def reading(metric: str, at: str, value: float, **others: Any) -> Document:
    """The newest reading of a metric."""
    usual: Document = {
        "parameterId": f"type-1.{metric}",
        "unit": None,
        "dataType": "number",
        "marks": [],
    }
    return {"metric": metric, **usual, "measuredAt": at, "value": value, **others}


def _reject(
    now: datetime,
    number: int,
    reason: str,
    device_id: str | None,
    metric: str | None,
    **others: Any,
) -> Document:
    return {
        "rejectId": f"rej-{number}",
        "organizationId": None if metric is None else "org-acme",
        "deviceId": device_id,
        "metric": metric,
        "reason": reason,
        "message": "no device is registered by this id",
        "way": "kinesis",
        "payload": f'{{"deviceId": "{device_id}", "data": {{"temperature": 21.5}}}}',
        "isCut": False,
        "isQuarantined": False,
        "sentAt": None,
        "rejectedAt": canned.instant(now - timedelta(minutes=number)),
        **others,
    }


def _matching(items: list[Document], sent: Sent, *names: str) -> list[Document]:
    wanted = {name: sent.given[name] for name in names if name in sent.given}
    return [item for item in items if wanted.items() <= item.items()]


def _page(items: list[Document], sent: Sent) -> Document:
    start, size = int(sent.given.get("after", "0")), int(sent.given.get("limit", "50"))
    end = start + size
    return {"items": items[start:end], "next": str(end) if end < len(items) else None}
