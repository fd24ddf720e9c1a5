"""The issuer's keys: cached, renewed, and never a reason to hammer the issuer."""

import json
import socket

import pytest

from chalicelib.access.errors import IssuerUnavailableError
from chalicelib.access.keys import SigningKeys
from tests.access.issuer import Issuer, public_jwk


class Clock:
    """Seconds that pass when a test says so."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def keys(own_issuer: Issuer, clock: Clock) -> SigningKeys:
    return SigningKeys(own_issuer.jwks_url, clock)


def test_they_are_fetched_once_an_hour(keys: SigningKeys, own_issuer: Issuer, clock: Clock) -> None:
    for _ in range(5):
        assert keys.find("first") is not None
        clock.now += 719
    assert own_issuer.request_count == 1
    clock.now += 5
    assert keys.find("first") is not None
    assert own_issuer.request_count == 2


def test_a_new_key_is_found_and_a_withdrawn_one_forgotten(
    keys: SigningKeys, own_issuer: Issuer, clock: Clock
) -> None:
    assert keys.find("first") is not None
    own_issuer.published = ["second"]
    clock.now += 61
    assert keys.find("second") is not None
    assert keys.find("first") is None


def test_unknown_keys_are_asked_for_once_a_minute_at_most(
    keys: SigningKeys, own_issuer: Issuer, clock: Clock
) -> None:
    for second in range(300):
        assert keys.find(f"invented-{second}") is None
        clock.now += 1
    assert own_issuer.request_count == 5


def test_a_failing_issuer_is_asked_every_five_seconds_at_most(
    keys: SigningKeys, own_issuer: Issuer, clock: Clock
) -> None:
    own_issuer.status = 500
    for _ in range(20):
        with pytest.raises(IssuerUnavailableError):
            keys.find("first")
        clock.now += 1
    assert own_issuer.request_count == 4
    own_issuer.status = 200
    clock.now += 5
    assert keys.find("first") is not None


def test_a_failing_issuer_does_not_lock_out_those_whose_key_is_known(
    keys: SigningKeys, own_issuer: Issuer, clock: Clock
) -> None:
    assert keys.find("first") is not None
    own_issuer.status = 503
    clock.now += 61
    with pytest.raises(IssuerUnavailableError):
        keys.find("invented")
    assert keys.find("invented") is None
    assert keys.find("first") is not None
    assert own_issuer.request_count == 2


def test_old_keys_do_not_outlive_an_issuer_that_cannot_be_asked(
    keys: SigningKeys, own_issuer: Issuer, clock: Clock
) -> None:
    assert keys.find("first") is not None
    own_issuer.status = 503
    clock.now += 3600
    with pytest.raises(IssuerUnavailableError):
        keys.find("first")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"not json",
        b"[]",
        b'"text"',
        b"{}",
        b'{"keys": []}',
        b'{"keys": {"first": {}}}',
        b'{"keys": [null, 7, {"kty": "RSA"}]}',
        b"[" * 100_000,
        b"\xff\xfe",
    ],
)
def test_a_key_set_that_is_none_is_a_failure_of_the_issuer(
    body: bytes, keys: SigningKeys, own_issuer: Issuer
) -> None:
    own_issuer.body = body
    with pytest.raises(IssuerUnavailableError):
        keys.find("first")


def test_a_key_set_beyond_reason_is_not_read_to_its_end(
    keys: SigningKeys, own_issuer: Issuer
) -> None:
    own_issuer.body = b" " * 300_000 + own_issuer.key_set()
    with pytest.raises(IssuerUnavailableError):
        keys.find("first")


def test_only_keys_for_the_one_signature_count(keys: SigningKeys, own_issuer: Issuer) -> None:
    usable = {**public_jwk("first"), "kid": "first", "use": "sig"}
    others = [
        {**usable, "kid": "encrypts", "use": "enc"},
        {**usable, "kid": "longer", "alg": "RS512"},
        {"kty": "oct", "kid": "shared", "k": "c2VjcmV0", "alg": "HS256"},
    ]
    own_issuer.body = json.dumps({"keys": [*others, usable]}).encode()
    assert keys.find("first") is not None
    assert [keys.find(name) for name in ("encrypts", "longer", "shared")] == [None, None, None]


def test_a_redirect_is_not_followed(keys: SigningKeys, own_issuer: Issuer) -> None:
    own_issuer.status = 302
    with pytest.raises(IssuerUnavailableError):
        keys.find("first")


def test_nobody_at_the_address(clock: Clock) -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    with pytest.raises(IssuerUnavailableError, match="ConnectionRefusedError"):
        SigningKeys(f"http://127.0.0.1:{port}/jwks.json", clock).find("first")


def test_an_issuer_that_says_nothing_is_given_up(
    clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chalicelib.access.keys.TIMEOUT_SECONDS", 0.1)
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        port = listener.getsockname()[1]
        with pytest.raises(IssuerUnavailableError, match="TimeoutError"):
            SigningKeys(f"http://127.0.0.1:{port}/jwks.json", clock).find("first")
