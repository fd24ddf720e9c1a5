"""What the results depend on besides the code: the machine, and the server as it is installed."""

import os
import platform
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Engine

from bench.data import sql

_GIGABYTE = 2**30
SETTINGS = (
    "autovacuum",
    "checkpoint_timeout",
    "effective_cache_size",
    "jit",
    "maintenance_work_mem",
    "max_parallel_workers_per_gather",
    "max_wal_size",
    "shared_buffers",
    "synchronous_commit",
    "wal_compression",
    "work_mem",
)


def machine_facts(server: dict[str, Any], *, is_embedded: bool) -> dict[str, Any]:
    """What the numbers depend on."""
    return {
        "measured_on": datetime.now(UTC).date().isoformat(),
        "cores": os.cpu_count(),
        "memory_gb": round(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / _GIGABYTE),
        "machine": platform.machine(),
        "python": platform.python_version(),
        "is_embedded": is_embedded,
        **server,
    }


def server_facts(engine: Engine) -> dict[str, Any]:
    """The versions of the server, and those of its settings that matter, as a session finds them.

    What the application sets for its own transactions is not among them.
    """
    with engine.begin() as connection:
        found = connection.execute(sql.server_settings, {"names": list(SETTINGS)}).one()
        return dict(found._mapping)
