"""The static tokens as `API_TOKENS` lists them: `name:role:sha256`, or with what one is bound to.

A token of the role `device` may be for one device or one site: `name:device:sha256:site=ID`. No
message shows more of an entry than its name, because a token may stand where its hash belongs.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import unquote

from chalicelib.access.model import Role
from chalicelib.text import is_storable_text

FORM = "name:role:sha256, and for a device :device=ID or :site=ID"
# Shorter than a hash, and than a token of `cli.py token`: neither passes for a name.
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,31}")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_BINDINGS = {"device": "device_id", "site": "site_id"}


@dataclass(frozen=True)
class ApiToken:
    """A static token by its hash: as whom it lets its bearer in, and as what."""

    subject: str
    role: Role
    sha256: str = field(repr=False)
    device_id: str | None = None
    site_id: str | None = None


def listed(raw: str) -> tuple[ApiToken, ...]:
    """The entries of *raw*, separated by commas or spaces; raises `ValueError` naming the entry."""
    tokens: list[ApiToken] = []
    for number, entry in enumerate(filter(None, re.split(r"[,\s]+", raw)), start=1):
        fields = entry.split(":", 3)
        named = f"entry {number} ({fields[0]})" if _is_name(fields) else f"entry {number}"
        try:
            tokens.append(_token(fields))
            _require_unique(tokens)
        except ValueError as problem:
            raise ValueError(f"{named} {problem}") from None
    return tuple(tokens)


def sha256(raw: str) -> str:
    """A hash in lower case; raises `ValueError` that does not show *raw*, which may be a secret."""
    if not _SHA256.fullmatch(raw.lower()):
        raise ValueError("must be a SHA-256, 64 hexadecimal digits: the hash, not the token")
    return raw.lower()


def is_name(text: str) -> bool:
    """Whether a token can have this name."""
    return _NAME.fullmatch(text) is not None


def _is_name(fields: list[str]) -> bool:
    return len(fields) > 1 and is_name(fields[0])


def _token(fields: list[str]) -> ApiToken:
    if len(fields) < 3:
        raise ValueError(f"must be {FORM}")
    name, role, digest, *binding = fields
    if not is_name(name):
        raise ValueError("needs a name of at most 32 letters, digits, dots, dashes, underscores")
    if role not in list(Role):
        raise ValueError(f"needs one of the roles {', '.join(Role)}")
    bound = dict(_bound(Role(role), binding))
    return ApiToken(f"token:{name}", Role(role), _digest(digest), **bound)


def _digest(raw: str) -> str:
    try:
        return sha256(raw)
    except ValueError:
        raise ValueError("needs a SHA-256, 64 hexadecimal digits: not the token itself") from None


def _bound(role: Role, binding: list[str]) -> Iterator[tuple[str, str]]:
    """What the token is bound to. An id is percent-encoded where it has a comma or a space."""
    for text in binding:
        kind, _, encoded = text.partition("=")
        named = unquote(encoded)
        if kind not in _BINDINGS or not named.strip() or not is_storable_text(named):
            raise ValueError("must end with device=ID or site=ID, or with its hash")
        if role is not Role.DEVICE:
            raise ValueError(f"binds the role {role}: only a token of the role device can be bound")
        yield _BINDINGS[kind], named


def _require_unique(tokens: list[ApiToken]) -> None:
    *before, last = tokens
    if any(last.subject == one.subject for one in before):
        raise ValueError("has the name of one before it")
    if any(last.sha256 == one.sha256 for one in before):
        raise ValueError("has the hash of one before it")
