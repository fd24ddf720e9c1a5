"""The HTTP side of loads: reading the ledger."""

from chalicelib.access.model import Role, Scope
from chalicelib.errors import UnknownResourceError
from chalicelib.features.parquet_loads import listings, store
from chalicelib.features.parquet_loads.bodies import Load, LoadId, LoadQuery, load_body
from chalicelib.features.parquet_loads.feature import FEATURE
from chalicelib.http import Asked, Nothing, Page, Routes, page_of, reading

routes = Routes(__name__, FEATURE)


@routes.get("/loads", least=Role.VIEWER, scope=Scope.PLATFORM, query=LoadQuery, answers=Page[Load])
def list_loads(asked: Asked[LoadQuery, None]) -> Page[Load]:
    """Loads, newest first."""
    with reading() as connection:
        loads = [load_body(load) for load in listings.list_loads(connection, asked.query)]
    return page_of(loads, asked.query, lambda load: (load.load_id,))


@routes.get(
    "/loads/{load_id}",
    least=Role.VIEWER,
    scope=Scope.PLATFORM,
    answers=Load,
    refuses=(UnknownResourceError,),
)
def get_load(_: Asked[Nothing, None], load_id: LoadId) -> Load:
    """One load."""
    with reading() as connection:
        load = store.find_load(connection, load_id)
    if load is None:
        raise UnknownResourceError(f"there is no load {load_id}")
    return load_body(load)
