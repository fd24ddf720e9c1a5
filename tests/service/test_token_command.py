"""`cli.py token`: a token, and the entry that lets it in."""

import re

import pytest
from click.testing import CliRunner, Result

from chalicelib.access.entries import listed
from chalicelib.access.model import Principal, Role
from chalicelib.access.settings import access_from_environment
from chalicelib.access.tokens import authenticate
from cli import cli


def run(*arguments: str) -> Result:
    return CliRunner().invoke(cli, ["token", *arguments])


def made(*arguments: str) -> tuple[str, str]:
    """The token, and its entry."""
    token, entry = re.findall(r"^  (\S+)$", run(*arguments).output, re.MULTILINE)
    return token, entry


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ((), Principal("token:ci", Role.VIEWER)),
        (("--role", "admin"), Principal("token:ci", Role.ADMIN)),
        (
            ("--role", "device", "--device", "00:1b"),
            Principal("token:ci", Role.DEVICE, device_id="00:1b"),
        ),
        (
            ("--role", "device", "--site", "a, ü%"),
            Principal("token:ci", Role.DEVICE, site_id="a, ü%"),
        ),
    ],
)
def test_the_entry_lets_the_token_in(options: tuple[str, ...], expected: Principal) -> None:
    token, entry = made("ci", *options)
    settings = access_from_environment({"API_TOKENS": entry})
    assert authenticate(settings, f"Bearer {token}") == expected


def test_no_token_is_made_twice_and_none_is_in_its_entry() -> None:
    (one, entry), (other, _) = made("ci"), made("ci")
    assert one != other
    assert len(one) >= 43
    assert one not in entry
    assert len(listed(entry)) == 1


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("two words",), "the token needs a name of at most 32 letters"),
        (("a:b",), "the token needs a name of at most 32 letters"),
        (("d", "--device", "x"), "the token binds the role viewer"),
        (("d", "--role", "device", "--site", " "), "the token must end with device=ID or site=ID"),
        (("d", "--role", "device", "--site", "x", "--device", "y"), "not to both"),
        (("d", "--role", "root"), "Invalid value for '--role'"),
    ],
)
def test_what_cannot_be_an_entry_is_refused(arguments: tuple[str, ...], sentence: str) -> None:
    result = run(*arguments)
    assert result.exit_code == 2
    assert sentence in result.output
