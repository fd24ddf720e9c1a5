"""Waiting for what another session does, without guessing how long that takes."""

from time import monotonic, sleep

from tests.sandbox import Sandbox

IS_WAITING = "SELECT count(*) > 0 FROM pg_locks WHERE NOT granted"


def wait_until(sandbox: Sandbox, condition: str) -> None:
    """Wait until the query *condition* says true, for at most 20 seconds."""
    give_up_at = monotonic() + 20
    while not sandbox.value(condition):
        assert monotonic() < give_up_at, condition
        sleep(0.01)
