"""The bodies of the audit log."""

from typing import Annotated, Any

from chalicelib.bodies import UNSET, Body, Instant, Meta, SerialNumber, ShortText, UnsetType
from chalicelib.paging import PageQuery


class AuditEntry(Body):
    """One thing that somebody did."""

    audit_id: Annotated[SerialNumber, Meta(description="Later entries have higher numbers.")]
    occurred_at: Annotated[Instant, Meta(description="When it was done.")]
    actor: Annotated[
        str,
        Meta(
            description="Who did it: the subject of a token, `cli:<user>@<host>`, or `lambda`.",
            examples=["token:oncall"],
        ),
    ]
    action: Annotated[str, Meta(description="What was done.", examples=["run.forced"])]
    subject: Annotated[str, Meta(description="To what.", examples=["run 42"])]
    before: Annotated[dict[str, Any] | None, Meta(description="What it was before.")]
    after: Annotated[dict[str, Any] | None, Meta(description="What it is now.")]
    comment: Annotated[str | None, Meta(description="The reason that the actor gave.")]
    request_id: Annotated[
        str | None, Meta(description="The request, or the invocation, that asked for it.")
    ]
    organization_id: Annotated[
        str | None, Meta(description="The organization that it is about; null for none.")
    ]


class AuditQuery(PageQuery):
    """Which entries to list."""

    actor: (
        Annotated[ShortText, Meta(description="Only what they did.", examples=["token:oncall"])]
        | UnsetType
    ) = UNSET
    action: (
        Annotated[ShortText, Meta(description="Only what is called so.", examples=["run.forced"])]
        | UnsetType
    ) = UNSET
    subject: (
        Annotated[ShortText, Meta(description="Only what was done to it.", examples=["run 42"])]
        | UnsetType
    ) = UNSET
