"""What a busy little fleet would answer: runs, changes and pairs, some with hostile names."""

from datetime import UTC, datetime, timedelta
from typing import Any

Document = dict[str, Any]

HOSTILE_NAME = "<script>document.title='taken'</script>"
HOSTILE_IMAGE = "<img src=x onerror=\"document.title='taken'\">"
HOSTILE_ID = 'd/7 "ü" & co?#%'

PAIRS = [
    ("d-001", "Boiler room, north", "temp", "Temperature"),
    ("d-001", "Boiler room, north", "hum", "Relative humidity"),
    ("d-002", "d-002", "temp", "Temperature"),
    ("d-003", "Roof station", "wind", "Wind speed"),
    (HOSTILE_ID, HOSTILE_NAME, "x<b>", HOSTILE_IMAGE),
    ("d-004-a-rather-long-device-identifier-0123456789", "A device with a name", "co2", "CO2"),
]
REASONS = ["window_expired", "device_inactive", "device_unknown", "parameter_unknown"]


SILENT = [
    ("hvac-003", "building-a", 86_400 * 3),
    (HOSTILE_ID, HOSTILE_NAME, 7_200),
    *((f"meter-{number:03}", "building-b", 3_600 - number) for number in range(40)),
]


def instant(value: datetime) -> str:
    """An instant, as the API writes it."""
    return value.astimezone(UTC).isoformat().replace("+00:00", "Z")


def run(run_id: int, started_at: datetime, status: str = "succeeded", **deltas: int) -> Document:
    """A run of the hourly schedule."""
    finished_at = None if status == "running" else started_at + timedelta(milliseconds=812)
    none = dict.fromkeys(("added", "removed", "renamed", "held", "observed", "unresolved"), 0)
    return {
        "run_id": run_id,
        "trigger": "schedule" if run_id % 9 else "cli",
        "status": status,
        "as_of": instant(started_at),
        "window_minutes": 60,
        "started_at": instant(started_at),
        "finished_at": instant(finished_at) if finished_at else None,
        "guard": "on",
        "requested_by": None,
        "comment": None,
        "duration_ms": 812 if finished_at else None,
        "deltas": {**none, **deltas},
        "error": {"code": "DATABASE_UNAVAILABLE", "message": "the database cannot be reached"}
        if status == "failed"
        else None,
    }


def runs(now: datetime, number: int = 42) -> list[Document]:
    """Newest first, an hour apart: the last changed something, two failed."""
    return [_nth_run(run_id, now, number) for run_id in range(number, 0, -1)]


def _nth_run(run_id: int, now: datetime, newest: int) -> Document:
    started_at = now - timedelta(hours=newest - run_id, minutes=3, seconds=30)
    if run_id in (17, 30):
        return run(run_id, started_at, "failed")
    if run_id == 1:
        return run(1, started_at, added=98_000, observed=98_000, unresolved=2)
    wave = run_id * 7919 % 13
    if run_id != newest and wave < 4:
        return run(run_id, started_at, observed=98_000, unresolved=2)
    return run(
        run_id, started_at, added=wave + 1, removed=run_id * 31 % 11, observed=98_000, unresolved=2
    )


def changes() -> list[Document]:
    """Changes of every kind, and removals for every reason."""
    added = [change("added", pair) for pair in (PAIRS[0], PAIRS[4])]
    removed = [
        change("removed", pair, reason)
        for pair, reason in zip((*PAIRS[1:4], PAIRS[5]), REASONS, strict=True)
    ]
    return [*added, *removed, change("renamed", PAIRS[2])]


def change(kind: str, pair: tuple[str, str, str, str], reason: str | None = None) -> Document:
    """A line of a change log."""
    return {"change": kind, **pair_document(pair), "reason": reason}


def pair_document(pair: tuple[str, str, str, str]) -> Document:
    """The ids and names of a pair, by their fields."""
    return dict(
        zip(("device_id", "device_name", "parameter_id", "parameter_name"), pair, strict=True)
    )


def pairs(now: datetime) -> list[Document]:
    """The table, with enough of a plain kind to need more than one page."""
    many = [(f"meter-{n:03}", f"Meter {n}", "energy", "Energy") for n in range(40)]
    return [
        {
            **pair_document(pair),
            "created_at": instant(now - timedelta(days=9)),
            "updated_at": instant(now - timedelta(days=2)),
            "last_seen_at": instant(now - timedelta(minutes=12)),
        }
        for pair in [*PAIRS, *many]
    ]


def sample(kinds: list[Document]) -> Document:
    """The same changes by kind, as a status and a plan have them."""
    by_kind: Document = {
        kind: [
            {name: value for name, value in line.items() if name != "change" and value is not None}
            for line in kinds
            if line["change"] == kind
        ]
        for kind in ("added", "removed", "renamed", "held")
    }
    return {**by_kind, "truncated": False}


def audit_entries(now: datetime) -> list[Document]:
    """Newest first: a release, 30 runs that somebody started, and a hostile comment."""
    release = {"released": 60, "reviewed": 60, "filter": {"site_id": HOSTILE_NAME}}
    started = [(f"run {number}", "run.started", None, None) for number in range(30, 0, -1)]
    entries = [("removals", "removals.released", HOSTILE_IMAGE, release), *started]
    return [
        {
            "audit_id": len(entries) - place,
            "occurred_at": instant(now - timedelta(hours=place)),
            "actor": "token:oncall" if place else HOSTILE_NAME,
            "action": action,
            "subject": subject,
            "before": None,
            "after": after,
            "comment": comment,
            "request_id": "req-4711",
        }
        for place, (subject, action, comment, after) in enumerate(entries)
    ]


def pause(now: datetime, request: Document) -> Document:
    """A pause that begins at *now*."""
    return {
        "paused_at": instant(now),
        "paused_until": instant(now + timedelta(minutes=request["minutes"])),
        "paused_by": "subject-of-the-token",
        "comment": request.get("comment"),
    }


def silent_devices(now: datetime) -> list[Document]:
    """Silent devices; the longest silence comes first."""
    return [
        {
            "device_id": device_id,
            "site_id": site_id,
            "last_seen_ts": instant(now - timedelta(seconds=seconds)),
            "age_seconds": float(seconds),
        }
        for device_id, site_id, seconds in SILENT
    ]


def unknown_devices(now: datetime) -> list[Document]:
    """Devices that nobody knows, by name."""
    return [
        {
            "device_id": device_id,
            "site_id": "building-c",
            "first_seen_at": instant(now - timedelta(days=1)),
            "last_seen_at": instant(now - timedelta(minutes=2)),
            "heartbeat_count": 1_440,
            "last_heartbeat": {"ts": instant(now), "site_id": "building-c"},
        }
        for device_id in (HOSTILE_ID, "new/1", "new-2")
    ]


def silent_sites(devices: list[Document]) -> list[Document]:
    """How many of *devices* are at which site."""
    sites = sorted({device["site_id"] for device in devices})
    return [
        _silent_site(site, [each for each in devices if each["site_id"] == site]) for site in sites
    ]


def _silent_site(site_id: str, devices: list[Document]) -> Document:
    return {
        "site_id": site_id,
        "stale_count": len(devices),
        "oldest_last_seen_ts": devices[0]["last_seen_ts"],
        "oldest_age_seconds": devices[0]["age_seconds"],
    }


def device_state(device_id: str, now: datetime) -> Document:
    """What a device last said, except for what it never says."""
    return {
        "device_id": device_id,
        "site_id": "building-a",
        "last_seen_ts": instant(now - timedelta(days=3)),
        "age_seconds": 259_200.0,
        "is_stale": True,
        "status": "degraded",
        "agent_version": "2.4.1",
        "cpu_pct": 25.5,
        "disk_free_gb": None,
        "queue_depth": 0,
        "poll_interval_s": 30,
        "last_upload_ts": instant(now - timedelta(days=3, minutes=1)),
        "updated_at": instant(now - timedelta(days=3)),
    }


def _candidates(asked: str, id_at: int, name_at: int) -> list[Document]:
    """What in `PAIRS` has the name *asked*, if nothing has it for an id."""
    if any(pair[id_at] == asked for pair in PAIRS):
        return []
    named = sorted({(pair[id_at], pair[name_at]) for pair in PAIRS if pair[name_at] == asked})
    return [{"id": found, "name": name} for found, name in named]


def explanation(device_id: str, parameter_id: str, now: datetime) -> Document:
    """Why the pair is there or not; absent unless it is one of `PAIRS`."""
    known = next((pair for pair in PAIRS if (pair[0], pair[2]) == (device_id, parameter_id)), None)
    seen_at = instant(now - timedelta(minutes=12)) if known else None
    present = "The pair is in the table because it was last measured lately, inside the window."
    absent = "The pair is not in the table because the master data has no such device."
    removal = {
        "run_id": 41,
        "change": "added" if known else "removed",
        "reason": None if known else "device_unknown",
        "as_of": instant(now - timedelta(hours=1)),
        "finished_at": instant(now - timedelta(hours=1)),
    }
    return {
        "device_id": device_id,
        "parameter_id": parameter_id,
        "present": known is not None,
        "observed": known is not None,
        "last_seen_at": seen_at,
        "device": {
            "known": known is not None,
            "name": known[1] if known else None,
            "status": True if known else None,
        },
        "parameter": {"known": known is not None, "name": known[3] if known else None},
        "window": {
            "start": instant(now - timedelta(hours=1)),
            "end": instant(now + timedelta(minutes=30)),
            "minutes": 60,
        },
        "changes": [removal],
        "candidates": {
            "devices": _candidates(device_id, 0, 1),
            "parameters": _candidates(parameter_id, 2, 3),
        },
        "explanation": present if known else absent,
    }
