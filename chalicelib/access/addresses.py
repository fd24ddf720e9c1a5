"""Addresses of the issuer: over https, or on this machine, and nothing but an address."""

import re
from urllib.parse import SplitResult, urlsplit

_THIS_MACHINE = ("localhost", "127.0.0.1", "::1")
# Where the issuer is, is told to browsers in a header: nothing in it may mean something there.
_HOST = r"[A-Za-z0-9.:-]+"


def web_address(raw: str) -> str:
    """*raw* itself; raises `ValueError` for anything else than a safe address."""
    # Over plain http anybody on the way could hand us keys of their own.
    parts = _split(raw)
    is_safe = parts.scheme == "https" or (
        parts.scheme == "http" and parts.hostname in _THIS_MACHINE
    )
    is_bare = not (parts.username or parts.password or parts.query or parts.fragment)
    is_host = re.fullmatch(_HOST, parts.hostname or "") is not None
    if not (is_safe and is_bare and is_host and raw.isascii() and raw.isprintable()):
        raise ValueError(f"must be an https URL (http on this machine only), not {raw[:80]!r}")
    return raw


def origins(raw: str) -> tuple[str, ...]:
    """The origins in *raw*, separated by commas or spaces."""
    addresses = [web_address(each) for each in re.split(r"[,\s]+", raw) if each]
    for address in addresses:
        if urlsplit(address).path.strip("/"):
            raise ValueError(f"must be origins, without a path, not {address[:80]!r}")
    return tuple(map(origin_of, addresses))


def origin_of(address: str) -> str:
    """The scheme, the host and the port of *address*."""
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}"


def _split(raw: str) -> SplitResult:
    try:
        parts = urlsplit(raw)
        _ = parts.port
    except ValueError:
        return urlsplit("")
    return parts
