"""The list of static tokens: pleasant to write, and a mistake is one sentence without a secret."""

import pytest

from chalicelib.access.entries import ApiToken, listed
from chalicelib.access.model import Role
from chalicelib.access.settings import access_from_environment
from chalicelib.errors import InvalidSettingError

HASH = "ab" * 32
OTHER = "cd" * 32
SECRET = "dGhlIHRva2VuIGl0c2VsZiwgNDMgY2hhcmFjdGVycyE"
ROLES = "viewer, operator, admin, device"


@pytest.mark.parametrize("between", [",", " ", ", ", "\n", " ,\n"])
def test_entries_stand_apart_by_commas_or_spaces(between: str) -> None:
    raw = between.join([f"ci:viewer:{HASH}", f"ops:admin:{OTHER.upper()}", ""])
    assert listed(raw) == (
        ApiToken("token:ci", Role.VIEWER, HASH),
        ApiToken("token:ops", Role.ADMIN, OTHER),
    )


def test_hashes_are_in_no_repr() -> None:
    assert HASH not in repr(access_from_environment({"API_TOKENS": f"ci:viewer:{HASH}"}))


@pytest.mark.parametrize(
    ("entry", "sentence"),
    [
        ("ci", "2 must be name:role:sha256, and for a device :device=ID or :site=ID"),
        (SECRET, "2 must be name:role:sha256, and for a device :device=ID or :site=ID"),
        ("ci:viewer", "2 (ci) must be name:role:sha256, and for a device :device=ID or :site=ID"),
        (f"{SECRET}:viewer:{OTHER}", "2 needs a name of at most 32 letters, digits, dots, dashes, "
         "underscores"),
        (f"{OTHER}:viewer:ci", "2 needs a name of at most 32 letters, digits, dots, dashes, "
         "underscores"),
        (f":viewer:{OTHER}", "2 needs a name of at most 32 letters, digits, dots, dashes, "
         "underscores"),
        (f"ci:root:{OTHER}", f"2 (ci) needs one of the roles {ROLES}"),
        (f"ci:{OTHER}:viewer", f"2 (ci) needs one of the roles {ROLES}"),
        (f"ci:viewer:{SECRET}", "2 (ci) needs a SHA-256, 64 hexadecimal digits: not the token "
         "itself"),
        (f"ci:viewer:{OTHER}:device=d-1", "2 (ci) binds the role viewer: only a token of the role "
         "device can be bound"),
        (f"ci:admin:{OTHER}:site=a", "2 (ci) binds the role admin: only a token of the role device "
         "can be bound"),
        (f"ci:device:{OTHER}:", "2 (ci) must end with device=ID or site=ID, or with its hash"),
        (f"ci:device:{OTHER}:device=", "2 (ci) must end with device=ID or site=ID, or with its "
         "hash"),
        (f"ci:device:{OTHER}:device=%00", "2 (ci) must end with device=ID or site=ID, or with its "
         "hash"),
        (f"ci:device:{OTHER}:organization=o", "2 (ci) must end with device=ID or site=ID, or with "
         "its hash"),
        (f"first:viewer:{OTHER}", "2 (first) has the name of one before it"),
        (f"ci:viewer:{HASH}", "2 (ci) has the hash of one before it"),
    ],
)  # fmt: skip
def test_a_mistake_names_the_entry_and_shows_no_secret(entry: str, sentence: str) -> None:
    with pytest.raises(InvalidSettingError) as caught:
        access_from_environment({"API_TOKENS": f"first:viewer:{HASH}, {entry}"})
    assert caught.value.message == f"API_TOKENS entry {sentence}"
    for secret in (HASH, OTHER, SECRET):
        assert secret[:8] not in str(caught.value)
