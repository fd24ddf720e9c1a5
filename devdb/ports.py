"""Whether a port is free, asked before anything is started that would want it."""

import errno
import socket

from devdb.errors import EmbeddedDatabaseError

HOST = "127.0.0.1"
_LAST_PORT = 65_535
_TRIED = 50


def require_free(port: int, command: str) -> None:
    """Raise an error that names *port*, and how *command* takes another, unless it is free."""
    try:
        _listen(port)
    except OSError as error:
        raise EmbeddedDatabaseError(_refusal(port, command, error)) from error


def _refusal(port: int, command: str, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        why = f"Port {port} is in use by another program."
    else:
        why = f"Port {port} cannot be used: {error.strerror}."
    return f"{why} Take another one: `{command} PORT={_free_port_after(port)}`."


def _free_port_after(port: int) -> int:
    """A port near *port*; whichever the system chooses where none is free there."""
    # Those below 1024 are the superuser's.
    first = max(port + 1, 1024)
    near = range(first, min(first + _TRIED, _LAST_PORT + 1))
    return next((other for other in near if _is_free(other)), 0) or _listen(0)


def _is_free(port: int) -> bool:
    try:
        _listen(port)
    except OSError:
        return False
    return True


def _listen(port: int) -> int:
    """Listen on *port* for a moment; the number of the port."""
    with socket.socket() as probe:
        # As the servers do: connections that have just ended are in nobody's way.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind((HOST, port))
        probe.listen(1)
        found: int = probe.getsockname()[1]
        return found
