"""What a contestant costs the client in memory, each in a fresh process."""

from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

from bench.contestants import Contestant, Trial
from bench.peak import peak_kb


def peak_growth_kb(contestant: Contestant, trial: Trial) -> int:
    """By how much the peak resident memory of a client that does this once exceeds its start."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as process:
        return process.submit(_peak_growth_kb, contestant, trial).result()


def _peak_growth_kb(contestant: Contestant, trial: Trial) -> int:
    # Connect first: the driver's own libraries are no part of what is asked.
    with trial.engine.connect():
        before = peak_kb()
    contestant(trial)
    grown = peak_kb() - before
    trial.engine.dispose()
    return grown
