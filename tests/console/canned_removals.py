"""Removals that wait for a person: what was held, by what it can be filtered, and its release."""

import json
from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from tests.console import canned
from tests.console.canned import Document

FILTERS = ("reason", "scope", "site_id", "device_type_id", "device_id", "parameter_id")
GROUPS = {
    "reasons": "reason",
    "scopes": "scope",
    "sites": "site_id",
    "device_types": "device_type_id",
    "parameters": "parameter_id",
}
CSV_LINES = 25


@dataclass(frozen=True)
class Csv:
    """A page of CSV, and the cursor of the next."""

    text: str
    after: str | None

    @property
    def headers(self) -> dict[str, str]:
        """As the API sends them: the link names the cursor only."""
        link = {"Link": f'<removals.csv?after={self.after}>; rel="next"'} if self.after else {}
        return {"Content-Type": "text/csv; charset=utf-8", **link}


class HeldRemovals:
    """60 at the site north, one at a hostile site, and 2 of unknown devices, which have no site."""

    def __init__(self, now: datetime) -> None:
        self.now = now
        self.newest_at: datetime | None = now - timedelta(minutes=3)
        self.held: list[Document] = []
        for number in range(60):
            self.hold(f"north-{number:02}", "north", "meter")
        self.hold(canned.HOSTILE_ID, canned.HOSTILE_NAME, canned.HOSTILE_IMAGE, scope="table")
        for number in range(2):
            self.hold(f"gone-{number}", None, None, reason="device_unknown", scope="table")

    def hold(self, device_id: str, site: str | None, kind: str | None, **facts: str) -> None:
        """Hold one more."""
        names = {"device_name": f"Device {device_id}", "parameter_name": "Temperature"}
        self.held.append(
            {
                "held_id": len(self.held) + 1,
                "device_id": device_id,
                "parameter_id": "temp",
                **names,
                "reason": "window_expired",
                "scope": "site",
                "site_id": site,
                "device_type_id": kind,
                "last_seen_at": canned.instant(self.now - timedelta(hours=2)),
                "held_at": canned.instant(self.now - timedelta(hours=1)),
                "run_id": 41,
                "released_at": None,
                "released_by": None,
                **facts,
            }
        )

    def matching(self, given: dict[str, str]) -> list[Document]:
        """Those that are asked for, released or not."""
        wanted = {name: given[name] for name in FILTERS if name in given}
        return [held for held in self.held if wanted.items() <= held.items()]

    def waiting(self, given: dict[str, str]) -> list[Document]:
        """Those of them that nobody has released."""
        return [held for held in self.matching(given) if held["released_at"] is None]

    def summary(self, given: dict[str, str]) -> Document:
        """A review; the token names the filter and the newest number."""
        held = self.waiting(given)
        seen = sorted(str(each["last_seen_at"]) for each in held)
        newest = max((each["held_id"] for each in self.held), default=0)
        filters = {name: given[name] for name in FILTERS if name in given}
        return {
            "count": len(held),
            **{name: _groups(held, fact) for name, fact in GROUPS.items()},
            "last_seen_from": seen[0] if seen else None,
            "last_seen_until": seen[-1] if seen else None,
            "newest_measurement_at": canned.instant(self.newest_at) if self.newest_at else None,
            "token": json.dumps({"filter": filters, "up_to": newest, "count": len(held)}),
        }

    def release(self, request: Document) -> Document:
        """Release what the token covers and `pairs` names."""
        token = json.loads(request["token"])
        named = request.get("pairs")
        released = [
            held
            for held in self.matching(token["filter"])
            if held["held_id"] <= token["up_to"]
            and (named is None or {name: held[name] for name in _KEY} in named)
        ]
        for held in released:
            held |= {"released_at": canned.instant(self.now), "released_by": "subject-of-the-token"}
        return {
            "reviewed": token["count"],
            "released": len(released),
            "held": len(self.waiting({})),
        }

    def csv(self, given: dict[str, str]) -> Csv:
        """One page; a heading on the first."""
        start = int(given.get("after", "0"))
        matching = self.matching(given)
        lines = [f"{held['device_id']}\r\n" for held in matching[start : start + CSV_LINES]]
        end = start + CSV_LINES
        heading = "" if "after" in given else "device_id\r\n"
        return Csv(heading + "".join(lines), str(end) if end < len(matching) else None)


_KEY = ("device_id", "parameter_id")


def _groups(held: list[Document], fact: str) -> list[dict[str, Any]]:
    counted = Counter(each[fact] for each in held).most_common()
    return [{"value": value, "count": number} for value, number in counted]
