"""How much memory this process has taken, and how large a model's files are."""

import re
import sys
from pathlib import Path

import psutil

from edgepose.runtime.model_files.sidecar import model_files

_STATUS = Path("/proc/self/status")


def peak_rss_mb() -> float:
    """Return the largest resident memory this process has had, in MB of 10^6 bytes."""
    if _STATUS.exists():
        # getrusage would count the parent's memory at the time of the fork
        match = re.search(r"^VmHWM:\s*(\d+) kB", _STATUS.read_text(encoding="utf-8"), re.MULTILINE)
        if match:
            return int(match.group(1)) * 1024 / 1e6
    if sys.platform == "win32":
        return float(psutil.Process().memory_info().peak_wset) / 1e6
    return _peak_by_getrusage() / 1e6


def _peak_by_getrusage() -> float:
    import resource  # noqa: PLC0415  Windows has no such module

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def size_mb(model_path: Path) -> float:
    """Return the size of a model's files in MB of 10^6 bytes.

    Raises `ModelError` when one of them is absent.
    """
    return sum(path.stat().st_size for path in model_files(model_path)) / 1e6
