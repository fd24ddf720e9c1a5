"""Imports for tests: asked for over HTTP, and carried out as the schedule does."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from chalicelib.features.devices.imports.invocations import register_imports
from tests.features.devices.registry import LEAST, TYPE, Registry
from tests.people import Caller
from tests.sandbox import Sandbox

HEAD = "name,deviceType,serialNumber,lat,lon,address,tags,metadata.room\n"


def ndjson(bodies: Iterable[Any]) -> str:
    """A device a line."""
    return "".join(json.dumps(body) + "\n" for body in bodies)


def many(count: int) -> str:
    """NDJSON of devices with serial numbers from 0 on."""
    return ndjson(
        {**LEAST, "name": f"D {number}", "metadata": {"serialNumber": f"SN-{number}"}}
        for number in range(count)
    )


def line_of(name: str, *others: str) -> str:
    """A line of CSV below `HEAD`, with as many cells as that."""
    cells = [name, TYPE, *others]
    return ",".join([*cells, *[""] * (8 - len(cells))]) + "\n"


@dataclass(frozen=True)
class Desk:
    """Whoever has files registered, for the organization of a registry."""

    registry: Registry

    @property
    def sandbox(self) -> Sandbox:
        """The database."""
        return self.registry.sandbox

    @property
    def admin(self) -> Caller:
        """The admin of the organization."""
        return self.registry.admin

    def ask(self, data: str, spelling: str = "csv", **others: Any) -> str:
        """Ask for an import of a small file; returns its id."""
        answer = self.admin.ask(
            "POST", "/device-imports", {"format": spelling, "data": data, **others}
        )
        assert answer.status_code == 201, answer.json_body
        import_id: str = answer.json_body["importId"]
        return import_id

    def get(self, import_id: str) -> dict[str, Any]:
        """How far the import has come."""
        body: dict[str, Any] = self.admin.get(f"/device-imports/{import_id}").json_body
        return body

    def rows(self, import_id: str, query: str = "limit=500") -> list[dict[str, Any]]:
        """What became of its rows."""
        answer = self.admin.get(f"/device-imports/{import_id}/rows?{query}")
        items: list[dict[str, Any]] = answer.json_body["items"]
        return items

    def carry_out(self, data: str, spelling: str = "csv") -> dict[str, Any]:
        """Have a small file registered; returns the import when that was tried once."""
        import_id = self.ask(data, spelling)
        register_imports(None)
        return self.get(import_id)

    def refusals(self, data: str, spelling: str = "csv") -> list[tuple[int, str, str | None]]:
        """By line, the code and the field of what is refused of a file."""
        done = self.carry_out(data, spelling)
        assert done["status"] == "succeeded", done
        return [
            (row["line"], row["error"]["code"], row["error"]["field"])
            for row in self.rows(done["importId"], "outcome=refused")
        ]

    def registered(self) -> int:
        """How many devices there are."""
        count: int = self.sandbox.value("SELECT count(*) FROM iot_data.devices")
        return count

    def make_due(self) -> None:
        """Have every lease run out."""
        self.sandbox.rows(
            "UPDATE iot_data.device_import_work SET due_at = now() - interval '1 second'"
        )


def counts(done: dict[str, Any]) -> tuple[str, int, int]:
    """What became of an import."""
    return done["status"], done["registeredCount"], done["refusedCount"]
