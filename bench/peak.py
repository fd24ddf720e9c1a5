"""The most memory this process ever had."""

import resource
import sys
from pathlib import Path

_STATUS = Path("/proc/self/status")


def peak_kb() -> int:
    """The peak of this process alone; on Linux `getrusage` would inherit the parent's."""
    if _STATUS.exists():
        lines = _STATUS.read_text(encoding="ascii").splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:"))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak // 1024 if sys.platform == "darwin" else peak
