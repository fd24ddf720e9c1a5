"""What every route shares: how it is declared, what it reads, what it answers."""

from chalicelib.http.answers import Answer, csv_response
from chalicelib.http.requests import REQUEST_SECONDS, Asked, Nothing, reading, writing
from chalicelib.http.routes import Routes
from chalicelib.paging import Page, PageQuery, page_of, start_after

__all__ = [
    "REQUEST_SECONDS",
    "Answer",
    "Asked",
    "Nothing",
    "Page",
    "PageQuery",
    "Routes",
    "csv_response",
    "page_of",
    "reading",
    "start_after",
    "writing",
]
