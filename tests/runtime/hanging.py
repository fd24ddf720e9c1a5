"""A way to the database on which nothing is passed on any more once a word has been said."""

import socket
from contextlib import AbstractContextManager
from threading import Event, Thread
from types import TracebackType

_PIECE = 65_536


class HangingWay(AbstractContextManager["HangingWay"]):
    """Passes on what is said to *host*:*port* until *word* is said; that is passed on no more.

    Without a word it never passes on anything: connections are taken, and not answered.
    """

    def __init__(self, host: str, port: int, word: bytes | None = None) -> None:
        self._target = (host, port)
        self._word = word
        self.has_hung = Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._sockets: list[socket.socket] = []
        Thread(target=self._listen, daemon=True).start()

    @property
    def environment(self) -> dict[str, str]:
        """What leads the application this way."""
        port = self._listener.getsockname()[1]
        return {"TIMESCALE_DB_HOST": "127.0.0.1", "TIMESCALE_DB_PORT": str(port)}

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for opened in (self._listener, *self._sockets):
            opened.close()

    def _listen(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            self._sockets.append(client)
            if self._word is None:
                self.has_hung.set()
                continue
            server = socket.create_connection(self._target)
            self._sockets.append(server)
            Thread(target=self._pass_on, args=(client, server), daemon=True).start()
            Thread(target=self._pass_on, args=(server, client), daemon=True).start()

    def _pass_on(self, source: socket.socket, target: socket.socket) -> None:
        try:
            while piece := source.recv(_PIECE):
                if self._word is not None and self._word in piece:
                    self.has_hung.set()
                if not self.has_hung.is_set():
                    target.sendall(piece)
            # The other side must learn of an end even when nothing is passed on any more.
            target.shutdown(socket.SHUT_RDWR)
        except OSError:
            return
