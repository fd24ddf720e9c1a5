"""The issuer's public keys: fetched when needed, kept for an hour.

PyJWT's own client does most of this, but asks again at once after a failure: a stranger's
tokens could then keep us, and the issuer, busy with one request each.
"""

import json
import logging
import time
from collections.abc import Callable
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from threading import Lock
from urllib.parse import urlsplit

from jwt import PyJWK, PyJWKSet
from jwt.exceptions import PyJWTError

from chalicelib.access.errors import IssuerUnavailableError

logger = logging.getLogger(__name__)

ALGORITHM = "RS256"
LIFETIME_SECONDS = 3600.0
# An unknown key may be new, or a stranger may have invented it: it is asked for once a minute.
UNKNOWN_KEY_SECONDS = 60.0
FAILURE_SECONDS = 5.0
TIMEOUT_SECONDS = 2.0
MAX_BYTES = 256 * 1024


class SigningKeys:
    """The keys published at *url*, by their id."""

    def __init__(self, url: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._url = url
        self._clock = clock
        self._lock = Lock()
        self._keys: dict[str, PyJWK] = {}
        self._fetched_at = self._asked_at = float("-inf")

    def find(self, key_id: object) -> PyJWK | None:
        """The key with that id; None where the issuer publishes none.

        Raises `IssuerUnavailableError` where the issuer cannot be asked. Keys older than their
        lifetime are not used, whatever the reason: the issuer may have withdrawn them.
        """
        if not isinstance(key_id, str):
            return None
        with self._lock:
            now = self._clock()
            is_fresh = now - self._fetched_at < LIFETIME_SECONDS
            if not is_fresh and now - self._asked_at < FAILURE_SECONDS:
                raise IssuerUnavailableError(f"{self._url} failed a moment ago")
            is_unknown = key_id not in self._keys and now - self._asked_at >= UNKNOWN_KEY_SECONDS
            if is_unknown or not is_fresh:
                self._asked_at = now
                self._keys = _fetch(self._url)
                self._fetched_at = now
            return self._keys.get(key_id)


def _fetch(url: str) -> dict[str, PyJWK]:
    """Raises `IssuerUnavailableError` unless there is at least one key that we can use."""
    try:
        document = json.loads(_download(url))
        published = PyJWKSet.from_dict(document).keys if isinstance(document, dict) else []
    except (OSError, HTTPException, ValueError, RecursionError, PyJWTError) as error:
        raise IssuerUnavailableError(f"{url} gives no keys: {type(error).__name__}") from error
    keys = {key.key_id: key for key in published if key.key_id and _is_for_signatures(key)}
    if not keys:
        raise IssuerUnavailableError(f"{url} publishes no {ALGORITHM} key")
    logger.info("signing_keys_fetched", extra={"url": url, "key_count": len(keys)})
    return keys


def _is_for_signatures(key: PyJWK) -> bool:
    return key.algorithm_name == ALGORITHM and key.public_key_use in ("sig", None)


def _download(url: str) -> bytes:
    """The body of a 200. Redirects are not followed: the keys come from where we were told."""
    parts = urlsplit(url)
    kind = HTTPSConnection if parts.scheme == "https" else HTTPConnection
    connection = kind(parts.hostname or "", parts.port, timeout=TIMEOUT_SECONDS)
    try:
        connection.request("GET", parts.path or "/", headers={"Accept": "application/json"})
        response = connection.getresponse()
        if response.status != 200:
            raise HTTPException(f"status {response.status}")
        return response.read(MAX_BYTES)
    finally:
        connection.close()
