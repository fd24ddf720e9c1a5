"""What every route shares: how it is declared, what it reads, what it answers."""

from chalicelib.http.answers import ETAG, LOCATION, Answer, csv_response
from chalicelib.http.organizations import (
    OrganizationQuery,
    OwnedListQuery,
    OwnedPageQuery,
    organization_of,
    reading_for,
    seen_by_caller,
    writing_for,
)
from chalicelib.http.requests import (
    IDEMPOTENCY_KEY,
    IF_MATCH,
    REQUEST_SECONDS,
    Asked,
    Nothing,
    reading,
    writing,
)
from chalicelib.http.routes import Routes
from chalicelib.paging import Page, PageQuery, page_of, start_after

__all__ = [
    "ETAG",
    "IDEMPOTENCY_KEY",
    "IF_MATCH",
    "LOCATION",
    "REQUEST_SECONDS",
    "Answer",
    "Asked",
    "Nothing",
    "OrganizationQuery",
    "OwnedListQuery",
    "OwnedPageQuery",
    "Page",
    "PageQuery",
    "Routes",
    "csv_response",
    "organization_of",
    "page_of",
    "reading",
    "reading_for",
    "seen_by_caller",
    "start_after",
    "writing",
    "writing_for",
]
