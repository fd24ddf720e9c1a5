"""Whoever cannot get in is told why, and which setting to look at."""

import socket
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from threading import Thread
from typing import Any

import pytest

from chalicelib import database
from chalicelib.database import Deadline
from chalicelib.database.refusals import explained
from chalicelib.errors import DatabaseUnavailableError, LoginRefusedError
from chalicelib.features.device_parameters.settings import SyncSettings
from chalicelib.settings import DatabaseSettings

_AT = 'connection to server at "db-1" (10.0.0.1), port 5432 failed: '


@pytest.fixture
def server_without_tls() -> Iterator[int]:
    """The port of a server that answers the question for TLS with no, as PostgreSQL does."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        Thread(target=_deny_tls, args=(listener,), daemon=True).start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)


def _deny_tls(listener: socket.socket) -> None:
    with suppress(OSError):
        while True:
            connection, _ = listener.accept()
            with connection:
                connection.recv(8)
                connection.sendall(b"N")
                connection.recv(8)


def settings(port: int = 1, **others: Any) -> DatabaseSettings:
    known = DatabaseSettings("127.0.0.1", port, "app", "app", "open-sesame", "prefer")
    return replace(known, **others)


def refusal_of(configured: DatabaseSettings) -> DatabaseUnavailableError:
    """What is raised instead of connecting."""
    engine = database.engine_for(configured)
    with (
        pytest.raises(DatabaseUnavailableError) as caught,
        database.transaction(engine, Deadline.after(60)),
    ):
        pytest.fail("nobody is to be let in")
    engine.dispose()
    assert "open-sesame" not in caught.value.message
    return caught.value


@pytest.mark.parametrize("mode", ["require", "verify-full"])
def test_a_server_without_tls_is_told_from_one_that_is_down(
    server_without_tls: int, mode: str
) -> None:
    error = refusal_of(settings(server_without_tls, sslmode=mode))
    assert isinstance(error, LoginRefusedError)
    assert "TIMESCALE_DB_SSLMODE demands TLS, which this server does not offer" in error.message
    assert "`--stage local`" in error.message


def test_where_nobody_listens_the_place_is_to_be_checked() -> None:
    error = refusal_of(settings(port=1))
    assert "check TIMESCALE_DB_HOST and TIMESCALE_DB_PORT" in error.message


def test_a_host_without_address_is_to_be_checked() -> None:
    error = refusal_of(settings(host="no-such-host.invalid"))
    assert error.message.endswith("check TIMESCALE_DB_HOST")


@pytest.mark.postgresql
@pytest.mark.parametrize(
    ("wrong", "check"),
    [
        ({"user": "nobody_of_that_name"}, "check TIMESCALE_DB_USER and TIMESCALE_DB_PASSWORD"),
        ({"name": "no_such_database"}, "check TIMESCALE_DB_NAME"),
        ({"password": "not-the-one"}, "check TIMESCALE_DB_USER and TIMESCALE_DB_PASSWORD"),
    ],
)
def test_a_wrong_login_names_what_to_check(
    configured: SyncSettings, wrong: dict[str, Any], check: str
) -> None:
    engine = database.engine_for(replace(configured.database, **wrong))
    with (
        pytest.raises(LoginRefusedError) as caught,
        database.transaction(engine, Deadline.after(60)),
    ):
        pytest.skip("this server trusts every password")
    engine.dispose()
    assert check in caught.value.message
    assert "not-the-one" not in caught.value.message


@pytest.mark.parametrize(
    ("said", "check", "is_final"),
    [
        ('FATAL:  database "x" is not served here', "check TIMESCALE_DB_NAME", True),
        ('no pg_hba.conf entry for host "10.0.0.9", user "u", database "d", no encryption',
         "check TIMESCALE_DB_SSLMODE", True),
        ("timeout expired", "such as a firewall", False),
        ('FATAL:  too many connections for role "u"', "every session that it gives", False),
        ("FATAL:  the database system is starting up", "it starts, stops or recovers", False),
        ("fe_sendauth: no password supplied", "TIMESCALE_DB_PASSWORD", True),
        ("SSL error: certificate verify failed", "certificate checked", True),
        ('root certificate file "/root.crt" does not exist', "its file in PGSSLROOTCERT", True),
        ("could not get home directory to locate root certificate file", "PGSSLROOTCERT", True),
    ],
)  # fmt: skip
def test_each_refusal_says_what_to_check(said: str, check: str, is_final: bool) -> None:
    refusal = explained([_AT + said])
    assert refusal.sentence.startswith(_AT + said)
    assert check in refusal.sentence
    assert refusal.is_final is is_final


def test_of_several_addresses_the_one_that_answered_counts() -> None:
    nobody = 'connection to server at "localhost" (::1), port 5432 failed: Connection refused'
    refused = 'connection to server at "localhost" (127.0.0.1), port 5432 failed: FATAL:  '
    refused += 'password authentication failed for user "u"'
    hint = "\tIs the server running on that host and accepting TCP/IP connections?"
    refusal = explained([nobody, hint, refused])
    assert refusal.sentence.startswith(refused)
    assert refusal.is_final


def test_what_is_not_known_is_told_as_it_is() -> None:
    refusal = explained(["something new", "and more of it"])
    assert (refusal.sentence, refusal.is_final) == ("something new", False)
