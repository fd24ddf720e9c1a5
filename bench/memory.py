"""What a contestant costs the client in memory, each in a fresh process."""

import resource
import sys
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

from bench.contestants import Contestant, Trial

_STATUS = Path("/proc/self/status")


def peak_growth_kb(contestant: Contestant, trial: Trial) -> int:
    """By how much the peak resident memory of a client that does this once exceeds its start."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as process:
        return process.submit(_peak_growth_kb, contestant, trial).result()


def _peak_growth_kb(contestant: Contestant, trial: Trial) -> int:
    # Connect first: the driver's own libraries are no part of what is asked.
    with trial.engine.connect():
        before = _peak_kb()
    contestant(trial)
    grown = _peak_kb() - before
    trial.engine.dispose()
    return grown


def _peak_kb() -> int:
    """The peak of this process alone; on Linux `getrusage` would inherit the parent's."""
    if _STATUS.exists():
        lines = _STATUS.read_text(encoding="ascii").splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:"))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak // 1024 if sys.platform == "darwin" else peak
