"""Whatever asks a program to end, it ends in order: its servers with it."""

import signal
from types import FrameType

# Ctrl-C; `kill`, and `make` when it is killed; a terminal that is closed.
_ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def end_in_order() -> None:
    """From now on each of these signals raises `KeyboardInterrupt`, the first time.

    What the shell told this program to ignore, as `nohup` does, it goes on ignoring.
    """
    for number in _ENDING:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _interrupt)


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    # A terminal that closes sends several: a second one must not break off the orderly end.
    for number in _ENDING:
        signal.signal(number, signal.SIG_IGN)
    raise KeyboardInterrupt
