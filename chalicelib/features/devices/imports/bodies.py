"""The bodies of imports."""

from typing import Annotated

from chalicelib.bodies import END, UNSET, Body, Count, Instant, Meta, Name, Text, UnsetType
from chalicelib.features.devices.imports.model import (
    MAX_DATA_BYTES,
    ImportFormat,
    ImportSort,
    ImportStatus,
    Outcome,
)
from chalicelib.http.organizations import OrganizationId, OwnedListQuery
from chalicelib.listing import SortOrder
from chalicelib.paging import PageQuery

ImportId = Annotated[
    str,
    Meta(
        pattern=rf"^import-[0-9a-z]{{1,40}}{END}",
        description="The import.",
        examples=["import-4f1c09a2b7d35e60c8aa"],
    ),
]
_NameOrNull = Annotated[
    Name | None,
    Meta(
        description="What the import is called, if it is called anything.", examples=["Building A"]
    ),
]
_Format = Annotated[
    ImportFormat,
    Meta(
        description="`csv`: a head with the names of columns, and a device a row. `ndjson`: on "
        "each line what `POST /devices` takes.",
        examples=["csv"],
    ),
]
_Status = Annotated[
    ImportStatus,
    Meta(
        description="`awaiting_upload`: the file has not come. `waiting`: it is due. `failed`: its "
        "`failure` says why; what was registered before stays.",
        examples=["running"],
    ),
]


class NewImport(Body, rename="camel"):
    """A file of devices that are to be registered."""

    format: _Format
    name: _NameOrNull = None
    data: (
        Annotated[
            Text,
            Meta(
                min_length=1,
                max_length=MAX_DATA_BYTES,
                description="The file itself, where it is small: at most "
                f"{MAX_DATA_BYTES:,} bytes. Without it, the answer says where to upload the file.",
                examples=["name,deviceType\nOffice-Temp-Sensor-1,temperature-sensor-v2\n"],
            ),
        ]
        | UnsetType
    ) = UNSET


class UploadForm(Body, rename="camel"):
    """How the file is uploaded: `POST` of a form with these fields, and with `file` as the last."""

    url: Annotated[str, Meta(description="Where the form goes.")]
    fields: Annotated[dict[str, str], Meta(description="Its fields, besides the file.")]
    expires_at: Annotated[Instant, Meta(description="Until when the upload has to have begun.")]


class ImportFailure(Body, rename="camel"):
    """Why an import has failed."""

    code: Annotated[str, Meta(description="For programs.", examples=["FILE_REFUSED"])]
    message: Annotated[str, Meta(description="For people.")]


class Import(Body, rename="camel"):
    """An import of devices, and how far it has come."""

    import_id: ImportId
    organization_id: OrganizationId
    name: _NameOrNull
    format: _Format
    status: _Status
    registered_count: Annotated[Count, Meta(description="How many rows have become devices.")]
    refused_count: Annotated[Count, Meta(description="How many have not.")]
    size_bytes: Annotated[
        Count | None, Meta(description="How long the file is; null until it has come.")
    ]
    read_bytes: Annotated[Count, Meta(description="How much of it is done.")]
    failure: Annotated[ImportFailure | None, Meta(description="Why it has failed.")]
    created_by: Annotated[str, Meta(description="Who asked for it.", examples=["token:oncall"])]
    created_at: Annotated[Instant, Meta(description="When it was asked for.")]
    started_at: Annotated[Instant | None, Meta(description="When the first rows were done.")]
    ended_at: Annotated[Instant | None, Meta(description="When the last were.")]
    upload: (
        Annotated[
            UploadForm | None,
            Meta(description="Where the file goes; null where it has come with the request."),
        ]
        | UnsetType
    ) = UNSET


class ImportListQuery(OwnedListQuery, rename="camel"):
    """Which imports to list; the newest come first."""

    status: (
        Annotated[ImportStatus, Meta(description="Only those that are so.", examples=["failed"])]
        | UnsetType
    ) = UNSET
    sort_by: Annotated[
        ImportSort, Meta(description="By what they are sorted.", examples=["createdAt"])
    ] = ImportSort.CREATED_AT
    sort_order: Annotated[
        SortOrder, Meta(description="Which end of the list comes first.", examples=["desc"])
    ] = SortOrder.DESCENDING


class RowRefusal(Body, rename="camel"):
    """Why a row has become no device, as `POST /devices` would have said it."""

    code: Annotated[str, Meta(description="For programs.", examples=["INVALID_REQUEST"])]
    message: Annotated[str, Meta(description="For people.", examples=["name is missing"])]
    field: Annotated[
        str | None, Meta(description="The field that is to blame.", examples=["location.lat"])
    ]


class ImportRow(Body, rename="camel"):
    """What became of a row: a device, or a refusal."""

    line: Annotated[Count, Meta(description="On which line of the file it begins, from 1.")]
    device_id: Annotated[
        str | None, Meta(description="The device that it is.", examples=["dev-abc123"])
    ]
    error: Annotated[RowRefusal | None, Meta(description="Why it is none.")]


class ImportRowQuery(PageQuery):
    """Which rows of an import."""

    outcome: (
        Annotated[Outcome, Meta(description="Only these.", examples=["refused"])] | UnsetType
    ) = UNSET
