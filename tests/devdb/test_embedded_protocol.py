"""The wire protocol, spoken byte by byte: what no well-behaved driver would send."""

import socket
import struct
from collections.abc import Callable, Iterator

import pytest
from psycopg2 import extensions

from devdb.embedded import EmbeddedTimescale

PROTOCOL_3 = 196608
Answer = list[tuple[bytes, bytes]]


def message(kind: bytes, body: bytes = b"") -> bytes:
    return kind + struct.pack(">i", len(body) + 4) + body


def query(text: str) -> bytes:
    return message(b"Q", text.encode() + b"\0")


def parse(text: str, name: str = "") -> bytes:
    return message(b"P", f"{name}\0{text}\0".encode() + b"\0\0")


def bind(name: str = "") -> bytes:
    return message(b"B", b"\0" + name.encode() + b"\0" + b"\0\0" * 3)


EXECUTE = message(b"E", b"\0" + b"\0" * 4)
SYNC = message(b"S")
FLUSH = message(b"H")


class RawClient:
    """A client that sends whatever it is told to."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=20)
        self._stream = self._socket.makefile("rb")

    def close(self) -> None:
        self._stream.close()
        self._socket.close()

    def start(self) -> "RawClient":
        body = struct.pack(">i", PROTOCOL_3) + b"user\0app\0database\0app\0\0"
        self.send(struct.pack(">i", len(body) + 4) + body)
        assert self.receive()[-1] == (b"Z", b"I")
        return self

    def send(self, *messages: bytes) -> None:
        self._socket.sendall(b"".join(messages))

    def receive(self, last: bytes = b"Z") -> Answer:
        """All messages up to the first of kind *last*, or to the end of the connection."""
        received: Answer = []
        while head := self._stream.read(5):
            (length,) = struct.unpack(">i", head[1:])
            received.append((head[:1], self._stream.read(length - 4)))
            if head[:1] == last:
                break
        return received


@pytest.fixture
def raw_connect(embedded: EmbeddedTimescale) -> Iterator[Callable[[], RawClient]]:
    opened: list[RawClient] = []

    def connect() -> RawClient:
        opened.append(RawClient(embedded.port))
        return opened[-1]

    yield connect
    for client in opened:
        client.close()


@pytest.fixture
def client(raw_connect: Callable[[], RawClient]) -> RawClient:
    return raw_connect().start()


def kinds(answer: Answer) -> bytes:
    return b"".join(kind for kind, _ in answer)


def rows(answer: Answer) -> list[bytes]:
    """The text of each row that has one column."""
    return [body[6:] for kind, body in answer if kind == b"D"]


def sqlstate(answer: Answer) -> str:
    (error,) = [body for kind, body in answer if kind == b"E"]
    (code,) = [field[1:] for field in error.split(b"\0") if field[:1] == b"C"]
    return code.decode()


def is_alive(cursor: extensions.cursor) -> bool:
    cursor.execute("SELECT 'alive'")
    return cursor.fetchone() == ("alive",)


@pytest.mark.parametrize(
    "garbage",
    [
        b"GET / HTTP/1.1\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        struct.pack(">ii", 4, 0),
        struct.pack(">ii", -1, PROTOCOL_3),
        struct.pack(">ii", 2**31 - 1, PROTOCOL_3),
        struct.pack(">ii", 8, 2 << 16),
        struct.pack(">ii", 8, PROTOCOL_3),
    ],
)
def test_a_malformed_startup_is_refused(
    raw_connect: Callable[[], RawClient], cursor: extensions.cursor, garbage: bytes
) -> None:
    stranger = raw_connect()
    stranger.send(garbage)
    assert sqlstate(stranger.receive()) in {"08P01", "28000"}
    assert is_alive(cursor)


@pytest.mark.parametrize(
    "garbage",
    [
        b"\0" * 64,
        b"Q" + struct.pack(">i", 3),
        b"Q" + struct.pack(">i", -5),
        message(b"Q"),
        message(b"Q", b"SELECT 1"),
        message(b"P", b"unterminated"),
        message(b"B", b"\0unterminated"),
        message(b"D", b"Sunterminated"),
        message(b"F", b"12345678"),
        message(b"?"),
    ],
)
def test_malformed_messages_end_their_connection_only(
    client: RawClient, cursor: extensions.cursor, garbage: bytes
) -> None:
    client.send(garbage)
    answer = client.receive()
    assert (kinds(answer), sqlstate(answer)) == (b"E", "08P01")
    assert is_alive(cursor)


@pytest.mark.parametrize(
    "garbage",
    [
        message(b"Q", b"SELECT 1\0\0more\0"),
        message(b"P", b"\0SELECT 1\0\0\7") + SYNC,
        parse("SELECT 1") + message(b"B", b"\0\0\0\7") + SYNC,
        message(b"D", b"Z\0") + SYNC,
        message(b"D") + SYNC,
        message(b"C") + SYNC,
        message(b"E", b"\0") + SYNC,
        message(b"S", b"more"),
    ],
)
def test_malformed_contents_are_an_error_of_their_query(client: RawClient, garbage: bytes) -> None:
    client.send(garbage)
    assert sqlstate(client.receive()) == "08P01"
    client.send(query("SELECT 'usable'"))
    assert rows(client.receive()) == [b"usable"]


def test_messages_may_arrive_in_any_pieces(client: RawClient) -> None:
    for byte in query("SELECT 1") + query("SELECT 2"):
        client.send(bytes([byte]))
    assert rows(client.receive()) == [b"1"]
    assert rows(client.receive()) == [b"2"]


def test_encryption_is_declined_and_cancelling_ignored(
    raw_connect: Callable[[], RawClient], cursor: extensions.cursor
) -> None:
    client = raw_connect()
    client.send(struct.pack(">ii", 8, 80877103))
    assert client._socket.recv(1) == b"N"
    client.start()
    canceller = raw_connect()
    canceller.send(struct.pack(">iiii", 16, 80877102, 1, 0))
    assert canceller.receive() == []
    assert is_alive(cursor)


@pytest.mark.parametrize("opening", [[], [query("BEGIN; INSERT INTO iot.t VALUES (0)")]])
def test_a_client_lost_while_copying_leaves_nothing(
    client: RawClient, cursor: extensions.cursor, opening: list[bytes]
) -> None:
    cursor.execute("CREATE TABLE iot.t (i int)")
    for statement in opening:
        client.send(statement)
        assert client.receive()[-1] == (b"Z", b"T")
    client.send(query("COPY iot.t FROM STDIN"))
    assert kinds(client.receive(last=b"G")) == b"G"
    client.send(message(b"d", b"1\n2\n"))
    client.close()
    cursor.execute("SELECT count(*) FROM iot.t")
    assert cursor.fetchone() == (0,)


def test_a_slow_sender_of_copy_data_keeps_nobody_waiting(
    client: RawClient, cursor: extensions.cursor
) -> None:
    cursor.execute("CREATE TABLE iot.t (i int)")
    client.send(query("COPY iot.t FROM STDIN"), message(b"d", b"1\n"))
    assert kinds(client.receive(last=b"G")) == b"G"
    assert is_alive(cursor)
    client.send(message(b"d", b"2\n"), message(b"c"))
    assert kinds(client.receive()) == b"CZ"
    cursor.execute("SELECT count(*) FROM iot.t")
    assert cursor.fetchone() == (2,)


def test_copy_in_an_extended_query_is_refused(client: RawClient) -> None:
    client.send(parse("COPY t FROM STDIN"), bind(), EXECUTE, SYNC)
    assert sqlstate(client.receive()) == "0A000"


def test_prepared_statements_belong_to_their_session(
    client: RawClient, raw_connect: Callable[[], RawClient]
) -> None:
    other = raw_connect().start()
    client.send(parse("SELECT 'mine'", "s"), SYNC)
    assert kinds(client.receive()) == b"1Z"
    other.send(parse("SELECT 'other'", "s"), SYNC)
    assert kinds(other.receive()) == b"1Z"
    client.send(bind("s"), EXECUTE, SYNC)
    assert rows(client.receive()) == [b"mine"]
    other.send(bind("s"), EXECUTE, SYNC)
    assert rows(other.receive()) == [b"other"]


def test_after_an_error_a_batch_is_skipped_up_to_its_sync(client: RawClient) -> None:
    client.send(parse("SELECT 1 / 0"), bind(), EXECUTE, FLUSH)
    client.send(parse("SELECT 2"), bind(), EXECUTE, SYNC)
    answer = client.receive()
    assert (sqlstate(answer), rows(answer)) == ("22012", [])


@pytest.mark.parametrize("separator", [SYNC, FLUSH + SYNC])
def test_a_batch_that_waited_too_long_gets_one_error(
    client: RawClient, raw_connect: Callable[[], RawClient], separator: bytes
) -> None:
    holder = raw_connect().start()
    holder.send(query("BEGIN"))
    holder.receive()
    client.send(parse("SELECT 1"), bind(), EXECUTE, separator)
    answer = client.receive()
    assert (kinds(answer), sqlstate(answer)) == (b"EZ", "55P03")
    holder.send(query("COMMIT"))
    holder.receive()
    client.send(query("SELECT 'usable'"))
    assert rows(client.receive()) == [b"usable"]
