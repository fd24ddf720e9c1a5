"""Settings that a database prescribes to whoever logs in, as somebody has set them for another."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from sqlalchemy import Engine

from chalicelib.database import engine_for
from tests.sandbox import Sandbox


@contextmanager
def prescribed(sandbox: Sandbox, settings: Mapping[str, str]) -> Iterator[Engine]:
    """Let the database prescribe *settings*; the application's engine knows it no other way."""
    database = sandbox.url.database
    for name, value in settings.items():
        sandbox.rows(f"ALTER DATABASE {database} SET {name} = '{value}'")
    _forget_engine(sandbox)
    try:
        yield engine_for(sandbox.settings)
    finally:
        sandbox.rows(f"ALTER DATABASE {database} RESET ALL")
        _forget_engine(sandbox)


def _forget_engine(sandbox: Sandbox) -> None:
    engine_for(sandbox.settings).dispose()
    engine_for.cache_clear()
