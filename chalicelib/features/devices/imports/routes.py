"""The HTTP side of imports."""

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from sqlalchemy import Connection

from chalicelib.access.errors import UnknownOrganizationError
from chalicelib.access.model import Role, Scope
from chalicelib.bodies import UNSET
from chalicelib.errors import InvalidRequestError, KeyReusedError
from chalicelib.features.devices.feature import FEATURE
from chalicelib.features.devices.imports import ask, row_store, store
from chalicelib.features.devices.imports.bodies import (
    Import,
    ImportId,
    ImportListQuery,
    ImportRow,
    ImportRowQuery,
    NewImport,
    UploadForm,
)
from chalicelib.features.devices.imports.errors import ImportEndedError, UnknownImportError
from chalicelib.features.devices.imports.feature import IMPORT_BUCKET
from chalicelib.features.devices.imports.model import (
    MAX_DATA_BYTES,
    UPLOAD_TIME,
    key_of,
)
from chalicelib.features.devices.imports.uploads.gateway import upload_form
from chalicelib.http import (
    IDEMPOTENCY_KEY,
    LOCATION,
    Answer,
    Asked,
    Nothing,
    OrganizationQuery,
    Page,
    Routes,
    organization_of,
    page_of,
    reading_for,
    seen_by_caller,
    writing_for,
)
from chalicelib.ids import new_id
from chalicelib.listing import Listing

routes = Routes(__name__, FEATURE)

_SMALL = "name,deviceType,serialNumber\nOffice-Temp-Sensor-1,temperature-sensor-v2,SN123456789\n"


@routes.post(
    "/device-imports",
    least=Role.ADMIN,
    scope=Scope.ORGANIZATION,
    query=OrganizationQuery,
    body=NewImport,
    answers={201: Import},
    refuses=(UnknownOrganizationError, KeyReusedError),
    headers=LOCATION,
    takes=(IDEMPOTENCY_KEY,),
    examples={
        "upload": {"format": "csv", "name": "Building A"},
        "small file": {"format": "csv", "data": _SMALL},
    },
)
def create_device_import(asked: Asked[OrganizationQuery, NewImport]) -> Answer[Import]:
    """Have many devices registered, as a file lists them.

    A small file comes with the request; a large one is uploaded where the answer says, and the
    import begins within about a minute of that. Each row is answered for by itself.
    """
    bucket = _require_file(asked.body)
    import_id = new_id("import")
    principal = asked.principal
    may_adopt = principal.organization is None and principal.role is Role.ADMIN

    def work(connection: Connection) -> Answer[Import]:
        organization_id = organization_of(connection, asked)
        made = ask.add(
            connection, asked.actor, import_id, organization_id, asked.body, may_adopt=may_adopt
        )
        return Answer(made, 201, {"Location": f"device-imports/{import_id}"})

    return _with_upload(writing_for(asked, work), bucket)


@routes.get(
    "/device-imports",
    least=Role.ADMIN,
    scope=Scope.ORGANIZATION,
    query=ImportListQuery,
    answers=Listing[Import],
    refuses=(UnknownOrganizationError,),
)
def list_device_imports(asked: Asked[ImportListQuery, None]) -> Listing[Import]:
    """Which imports are there? The newest come first."""
    with reading_for(asked) as connection:
        return store.list_imports(connection, asked.query, seen_by_caller(asked))


@routes.get(
    "/device-imports/{import_id}",
    least=Role.ADMIN,
    scope=Scope.ORGANIZATION,
    answers=Import,
    refuses=(UnknownImportError,),
)
def get_device_import(asked: Asked[Nothing, None], import_id: ImportId) -> Import:
    """How far has it come?"""
    with reading_for(asked) as connection:
        return ask.find(connection, import_id, seen_by_caller(asked))


@routes.get(
    "/device-imports/{import_id}/rows",
    least=Role.ADMIN,
    scope=Scope.ORGANIZATION,
    query=ImportRowQuery,
    answers=Page[ImportRow],
    refuses=(UnknownImportError,),
)
def list_device_import_rows(
    asked: Asked[ImportRowQuery, None], import_id: ImportId
) -> Page[ImportRow]:
    """What became of each row, by its line?"""
    with reading_for(asked) as connection:
        ask.find(connection, import_id, seen_by_caller(asked))
        rows = row_store.list_rows(connection, import_id, asked.query)
    return page_of(rows, asked.query, lambda row: (row.line,))


@routes.post(
    "/device-imports/{import_id}/cancel",
    least=Role.ADMIN,
    scope=Scope.ORGANIZATION,
    answers=Import,
    refuses=(UnknownImportError, ImportEndedError, KeyReusedError),
    takes=(IDEMPOTENCY_KEY,),
)
def cancel_device_import(asked: Asked[Nothing, None], import_id: ImportId) -> Answer[Import]:
    """Have no more rows be registered. The devices that are registered by then stay."""

    def work(connection: Connection) -> Import:
        return ask.cancel(connection, asked.actor, import_id, seen_by_caller(asked))

    return writing_for(asked, work)


def _require_file(asked: NewImport) -> str | None:
    """The bucket that the file is uploaded to, None where it has come with the request.

    Raises `InvalidRequestError` where it can come by neither way.
    """
    if asked.data is not UNSET:
        if len(asked.data.encode()) > MAX_DATA_BYTES:
            raise InvalidRequestError(
                f"data must have at most {MAX_DATA_BYTES:,} bytes: upload the file instead",
                parameter="data",
            )
        return None
    bucket = IMPORT_BUCKET.value_if_set()
    if bucket is None:
        raise InvalidRequestError(
            "data is missing: there is no bucket to upload to, so the file has to come with the "
            "request",
            parameter="data",
        )
    return bucket


def _with_upload(answer: Answer[Any], bucket: str | None) -> Answer[Import]:
    """*answer* with a form for the upload, which is not kept: whoever asks again gets a new one."""
    made: Import = answer.body
    if isinstance(answer.body, msgspec.Raw):
        made = msgspec.json.decode(answer.body, type=Import)
    form = None if bucket is None else _form(bucket, made)
    changed = msgspec.structs.replace(made, upload=form)
    return Answer(changed, answer.status, answer.headers)


def _form(bucket: str, made: Import) -> UploadForm | None:
    """A form that lasts until the import is given up; None where it has been."""
    expires_at = made.created_at + UPLOAD_TIME
    lasts = expires_at - datetime.now(UTC)
    if lasts < timedelta(seconds=1):
        return None
    upload = upload_form(bucket, key_of(made.import_id), lasts)
    return UploadForm(url=upload.url, fields=dict(upload.fields), expires_at=expires_at)
