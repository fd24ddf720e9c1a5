"""What the stub of the API is asked, and how it answers: documents, versions, pages, refusals."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from chalicelib.errors import ApplicationError, StaleVersionError
from tests.console.canned import Document
from tests.console.canned_removals import Csv


@dataclass(frozen=True)
class Versioned:
    """A document, and the version of what it shows."""

    document: Document
    version: int

    @property
    def headers(self) -> dict[str, str]:
        """As the API sends them."""
        return {"Content-Type": "application/json", "ETag": f'"{self.version}"'}


Answer = tuple[int, Document | Csv | Versioned]


@dataclass(frozen=True)
class Sent:
    """A request, as far as it matters to what it changes or asks for."""

    method: str
    parts: list[str]
    given: dict[str, str]
    body: Any
    headers: Mapping[str, str] = field(default_factory=dict)


def failure(
    status: int, code: str, message: str, details: Mapping[str, object] | None = None
) -> Answer:
    """The envelope of an error."""
    error = {"code": code, "message": message, "details": details or {}, "requestId": "req-4711"}
    return status, {"error": error}


def refusal(error: ApplicationError) -> Answer:
    """The same, for one of the application's errors."""
    return failure(error.http_status, error.code, error.message, error.details)


def listing(items: list[Document], given: Mapping[str, str], usual: str) -> Answer:
    """The numbered page of *items* that is asked for; sorted by *usual* where nobody says how."""
    page, size = int(given.get("page", "1")), int(given.get("pageSize", "25"))
    ordered = sorted(
        items,
        key=lambda item: str(item[given.get("sortBy", usual)]),
        reverse=given.get("sortOrder") == "desc",
    )
    end = page * size
    pagination = {
        "page": page,
        "pageSize": size,
        "totalItems": len(items),
        "totalPages": -(-len(items) // size),
        "hasNext": end < len(items),
        "hasPrevious": page > 1,
    }
    next_page = str(page + 1) if end < len(items) else None
    return 200, {"items": ordered[end - size : end], "pagination": pagination, "next": next_page}


class Kept:
    """Things of one kind, each by its id and with its version."""

    def __init__(self, key: str, items: list[Document]) -> None:
        self.key = key
        self.items = items
        self.versions = {item[key]: 1 for item in items}

    def find(self, wanted: str) -> Document | None:
        """The thing of that id."""
        return next((item for item in self.items if item[self.key] == wanted), None)

    def shown(self, item: Document, status: int = 200) -> Answer:
        """The answer that shows it, and its version."""
        return status, Versioned(item, self.versions[item[self.key]])

    def add(self, item: Document) -> Answer:
        """Keep one more."""
        self.items.append(item)
        self.versions[item[self.key]] = 1
        return self.shown(item, 201)

    def change(self, sent: Sent, item: Document, change: Callable[[Document], None]) -> Answer:
        """What *change* makes of it, unless it was changed since it was read."""
        self.require_version(sent, item)
        change(item)
        self.versions[item[self.key]] += 1
        return self.shown(item)

    def remove(self, sent: Sent, item: Document) -> Answer:
        """Keep it no longer."""
        self.require_version(sent, item)
        self.items.remove(item)
        return 200, {self.key: item[self.key]}

    def require_version(self, sent: Sent, item: Document) -> None:
        """Raise where the request is for another version."""
        wanted = sent.headers.get("If-Match")
        if wanted not in (None, f'"{self.versions[item[self.key]]}"'):
            raise StaleVersionError("it has been changed since it was read: read it again")
