"""The platform's tables, ours beside them, and a small fleet in them."""

import subprocess
import sys
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import Engine, text

from devdb.errors import EmbeddedDatabaseError
from devdb.fleet import Fleet

ROOT = Path(__file__).resolve().parent.parent
# A run looks back one hour, and the fleet should have been there before it.
HISTORY = timedelta(hours=3)
_SOURCES = ROOT / "devdb" / "sources.sql"
_HAS_SOURCES = text("SELECT to_regclass('iot_data.redshift_devices') IS NOT NULL")


def prepare(engine: Engine, environment: dict[str, str]) -> None:
    """Make the platform's three tables where they are missing, and migrate to head."""
    with engine.begin() as connection:
        if not connection.execute(_HAS_SOURCES).scalar_one():
            connection.exec_driver_sql(_SOURCES.read_text(encoding="utf-8"))
    _migrate(environment)


def seed(engine: Engine, now: datetime) -> Fleet:
    """A fleet that has been reporting for a few hours."""
    fleet = Fleet(engine)
    fleet.install()
    fleet.live(now - HISTORY, now)
    return fleet


def _migrate(environment: dict[str, str]) -> None:
    finished = subprocess.run(
        [sys.executable, "-m", "alembic", "upgrade", "head"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if finished.returncode != 0:
        said = (finished.stdout + finished.stderr).strip()
        raise EmbeddedDatabaseError(f"The migration failed:\n{said}")
