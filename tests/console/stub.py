"""A canned JSON API, as the page asks it."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from urllib.parse import parse_qsl, unquote, urlsplit

from chalicelib.errors import ApplicationError
from tests.console import canned, canned_loads
from tests.console.canned import Document
from tests.console.canned_people import People
from tests.console.canned_registry import Registry
from tests.console.canned_removals import HeldRemovals
from tests.console.canned_telemetry import Telemetry
from tests.console.replies import Answer, Sent, failure, refusal

ROLES = ["viewer", "operator", "admin"]


class StubApi:
    """Answers as the API does. A test changes what it holds, and reads what it was sent."""

    def __init__(self) -> None:
        self.now = datetime.now(UTC)
        self.role = "admin"
        self.organization: str | None = None
        self.token: str | None = None
        self.state = "ok"
        self.runs = canned.runs(self.now)
        self.changes = canned.changes()
        self.pairs = canned.pairs(self.now)
        self.silent = canned.silent_devices(self.now)
        self.unknown = canned.unknown_devices(self.now)
        self.removals = HeldRemovals(self.now)
        self.pause: Document | None = None
        self.audit = canned.audit_entries(self.now)
        self.loads = canned_loads.loads(self.now)
        self.people = People(self.now)
        self.registry = Registry(self.now)
        self.telemetry = Telemetry(self.now)
        # By path, with its query or without it, before anything else.
        self.answers: dict[str, Answer] = {}
        self.posted: list[Document] = []
        self.asked: list[str] = []
        # What was to change something of what belongs to organizations.
        self.sent: list[Sent] = []
        self.is_slow = False

    def answer(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """The status and the JSON of one request below the stage."""
        url = urlsplit(path)
        self.asked.append(path)
        if self.token is not None and headers.get("Authorization") != f"Bearer {self.token}":
            return 401, {"message": "Unauthorized"}
        for known in (path, url.path):
            if known in self.answers:
                return self.answers[known]
        parts = [unquote(part) for part in url.path.strip("/").split("/")]
        given = dict(parse_qsl(url.query))
        sent = Sent(method, parts, given, json.loads(body or b"null"), headers)
        if answered := self._of_organizations(sent):
            return answered
        if method != "GET":
            return self._change(method, parts, sent.body)
        return self._read(parts, given)

    def _of_organizations(self, sent: Sent) -> Answer | None:
        """The answer about what belongs to organizations; None for anything else."""
        if sent.method != "GET":
            self.sent.append(sent)
        try:
            return (
                self.people.answer(sent)
                or self.registry.answer(sent)
                or self.telemetry.answer(sent)
            )
        except ApplicationError as error:
            return refusal(error)

    def _change(self, method: str, parts: list[str], request: Document) -> Answer:
        match method, parts:
            case "POST", ["sync"]:
                return self._sync(request)
            case "POST", ["removals", "release"]:
                self.posted.append(request)
                return self._allowed("admin") or (200, self.removals.release(request))
            case "POST", ["sync", "pause"]:
                self.posted.append(request)
                self.pause = canned.pause(self.now, request)
                return 200, self.pause
            case "DELETE", ["sync", "pause"]:
                self.pause = None
                return 200, {"is_paused": False}
            case "DELETE", _:
                return self._forget(parts)
        return failure(404, "NOT_FOUND", "there is no such thing")

    def _allowed(self, role: str) -> Answer | None:
        """The refusal, where there is one."""
        if ROLES.index(self.role) < ROLES.index(role):
            return failure(403, "FORBIDDEN", f"this takes the role {role}")
        return None

    def _read(self, parts: list[str], given: dict[str, str]) -> Answer:
        if parts == ["audit"]:
            names = ("actor", "action", "subject")
            return self._allowed("admin") or (
                200,
                _page(_matching(self.audit, given, *names), given),
            )
        if parts == ["me"]:
            me = {"subject": "subject-of-the-token", "role": self.role}
            return 200, {**me, "organization": self.organization}
        for feature in (self._sync_of, self._removals_of, self._heartbeats_of, self._loads_of):
            if answered := feature(parts, given):
                return answered
        return failure(404, "NOT_FOUND", "there is no such thing")

    def _sync_of(self, parts: list[str], given: dict[str, str]) -> Answer | None:
        match parts:
            case ["status"]:
                return 200, self._status()
            case ["runs"]:
                return 200, _page(_matching(self.runs, given, "status", "trigger"), given)
            case ["runs", run_id]:
                return self._polled(run_id)
            case ["runs", _, "changes"]:
                return 200, _page(_matching(self.changes, given, "change"), given)
            case ["device-parameters"]:
                return 200, _page(_named(self.pairs, given), given)
            case ["device-parameters", device_id, parameter_id]:
                return 200, canned.explanation(device_id, parameter_id, self.now)
        return None

    def _removals_of(self, parts: list[str], given: dict[str, str]) -> Answer | None:
        match parts:
            case ["removals"]:
                return 200, _page(self.removals.matching(given), given)
            case ["removals.csv"]:
                return 200, self.removals.csv(given)
            case ["removals", "summary"]:
                return 200, self.removals.summary(given)
        return None

    def _heartbeats_of(self, parts: list[str], given: dict[str, str]) -> Answer | None:
        match parts:
            case ["heartbeats", "stale", "sites"]:
                return 200, _page(canned.silent_sites(self.silent), given)
            case ["heartbeats", "stale"]:
                return 200, _page(_matching(self.silent, given, "site_id"), given)
            case ["heartbeats", "unknown"]:
                return 200, _page(self.unknown, given)
            case ["devices", device_id, "state"]:
                return 200, canned.device_state(device_id, self.now)
        return None

    def _forget(self, parts: list[str]) -> Answer:
        if self.role == "viewer":
            return failure(403, "FORBIDDEN", "this takes the role operator")
        _, device_id, _ = parts
        self.unknown = [each for each in self.unknown if each["device_id"] != device_id]
        return 200, {"device_id": device_id}

    def _loads_of(self, parts: list[str], given: dict[str, str]) -> Answer | None:
        match parts:
            case ["loads"]:
                return 200, _page(_matching(self.loads, given, "status", "dataset"), given)
            case ["loads", load_id]:
                return _found(self.loads, "load_id", load_id)
        return None

    def _status(self) -> Document:
        last = self.runs[0] if self.runs else None
        return {
            "state": self.state,
            "last_run": last,
            "last_success": last,
            "changes": canned.sample(self.changes),
            "held_removals": len(self.removals.waiting({})),
            "pause": self.pause,
            "totals": {"devices": 9_800, "parameters": 10, "pairs": 98_000}
            if self.runs
            else {"devices": 0, "parameters": 0, "pairs": 0},
            "warnings": [],
        }

    def _sync(self, request: Document) -> Answer:
        self.posted.append(request)
        if refused := self._allowed("admin" if request.get("force") else "operator"):
            return refused
        if request.get("dry_run"):
            dry = canned.run(0, self.now, added=2, removed=4, renamed=1, observed=97_998)
            return 200, {**dry, "run_id": None, "planned": canned.sample(self.changes)}
        status = "running" if self.is_slow else "succeeded"
        started = canned.run(len(self.runs) + 1, datetime.now(UTC), status, added=5)
        self.runs.insert(0, started)
        return (202 if self.is_slow else 200), started

    def _polled(self, run_id: str) -> Answer:
        """A run that was under way has ended when it is asked about the second time."""
        status, found = _found(self.runs, "run_id", run_id)
        assert isinstance(found, dict)
        questions = sum(path == f"/runs/{run_id}" for path in self.asked)
        if found.get("status") == "running" and questions > 1:
            ended = canned.run(int(run_id), datetime.now(UTC), added=5)
            self.runs[self.runs.index(found)] = ended
            return status, ended
        return status, found


def _page(items: list[Document], given: dict[str, str]) -> Document:
    """The items that `limit` and `after` ask for."""
    start = int(given.get("after", "0"))
    end = start + int(given.get("limit", "50"))
    return {"items": items[start:end], "next": str(end) if end < len(items) else None}


def _matching(items: list[Document], given: dict[str, str], *names: str) -> list[Document]:
    wanted = {name: given[name] for name in names if name in given}
    return [item for item in items if wanted.items() <= item.items()]


_SEARCHED = ("device_id", "device_name", "parameter_id", "parameter_name")


def _named(pairs: list[Document], given: dict[str, str]) -> list[Document]:
    words = given.get("q", "").lower()
    return [
        pair
        for pair in _matching(pairs, given, "device_id", "parameter_id")
        if any(words in str(pair[name]).lower() for name in _SEARCHED)
    ]


def _found(items: list[Document], key: str, wanted: str) -> Answer:
    found = next((item for item in items if str(item[key]) == wanted), None)
    return (200, found) if found else failure(404, "NOT_FOUND", f"there is no {key} {wanted}")
