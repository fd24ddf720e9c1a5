"""An embedded TimescaleDB for development, demonstrations and tests; never deployed."""

from devdb.embedded import EmbeddedTimescale
from devdb.errors import EmbeddedDatabaseError

__all__ = ["EmbeddedDatabaseError", "EmbeddedTimescale"]
