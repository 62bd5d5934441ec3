"""What this machine is, by the standard library alone."""

import os
import platform
import re
import subprocess
import sys
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from edgepose.profiles.cgroup import granted_cores, granted_memory_bytes, read

_CPUINFO = Path("/proc/cpuinfo")
_MEMINFO = Path("/proc/meminfo")
_BOARD = Path("/proc/device-tree/model")
_SYSTEM_CPUS = Path("/sys/devices/system/cpu")
# what decides how fast a quantised or a half-precision network is
_TELLING_FLAGS = (
    "avx2",
    "avx512f",
    "avx_vnni",
    "avx512_vnni",
    "avx512_bf16",
    "avx512_fp16",
    "amx_bf16",
    "amx_int8",
    "asimd",
    "asimddp",
    "asimdhp",
    "bf16",
    "i8mm",
    "sve",
)


@dataclass(frozen=True)
class Machine:
    """A probed machine: `cores` are those this process may use, `flags` the instruction sets that matter.

    Of two cores that share a physical one, one computes nearly as much as both: `physical_cores` are fewer then.
    """

    cpu: str
    architecture: str
    cores: int
    physical_cores: int
    memory_mb: int | None
    flags: tuple[str, ...]

    @property
    def facts(self) -> tuple[tuple[str, str], ...]:
        """What was found and where: pairs of text and source."""
        found = [
            (f"{self.architecture} CPU {self.cpu}", str(_CPUINFO) if _CPUINFO.exists() else "the system"),
            (f"{self.cores} cores", "affinity and cgroup"),
        ]
        if self.flags:
            found.append((f"instruction sets: {', '.join(self.flags)}", str(_CPUINFO)))
        return tuple(found)


def probe_this_machine() -> Machine:
    """Return what this machine is; what cannot be read is left out, never guessed."""
    cpuinfo = read(_CPUINFO)
    cores = _cores()
    physical = min(cores, physical_cores(_allowed(), _SYSTEM_CPUS))
    return Machine(cpu_name(cpuinfo), platform.machine(), cores, physical, _memory_mb(), cpu_flags(cpuinfo))


def cpu_name(cpuinfo: str) -> str:
    """Return the processor's name in the text of /proc/cpuinfo, else what the system calls it or its board."""
    for key in ("model name", "Model", "Hardware"):
        match = re.search(rf"^{key}\s*:\s*(\S.*)$", cpuinfo, re.MULTILINE)
        if match:
            return match.group(1).strip()
    return _named_by_the_system() or platform.processor() or platform.machine() or "unknown"


def cpu_flags(cpuinfo: str) -> tuple[str, ...]:
    """Return those instruction sets in the text of /proc/cpuinfo that matter to inference."""
    match = re.search(r"^(?:flags|Features)\s*:\s*(.*)$", cpuinfo, re.MULTILINE)
    found = set(match.group(1).split()) if match else set()
    return tuple(flag for flag in _TELLING_FLAGS if flag in found)


@cache
def _named_by_the_system() -> str:
    """Return the processor's or the board's name where /proc/cpuinfo has none; empty where nobody tells."""
    if sys.platform == "darwin":
        with suppress(OSError):
            asked = ("sysctl", "-n", "machdep.cpu.brand_string")
            return subprocess.run(asked, capture_output=True, text=True, check=False).stdout.strip()
    return read(_BOARD).strip("\0\n ")


def physical_cores(numbers: Collection[int], folder: Path) -> int:
    """Return on how many physical cores the processors of some numbers lie, by a folder like /sys/devices/system/cpu.

    Where it does not tell of one of them, each is taken for a core of its own.
    """
    siblings = [read(folder / f"cpu{number}" / "topology" / "thread_siblings_list").strip() for number in numbers]
    return len(set(siblings)) if all(siblings) else len(siblings)


def _allowed() -> Collection[int]:
    # macOS and Windows have no affinity to ask for
    return os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else range(os.cpu_count() or 1)


def _cores() -> int:
    allowed, quota = len(_allowed()), granted_cores()
    return max(1, allowed if quota is None else min(allowed, quota))


def _memory_mb() -> int | None:
    match = re.search(r"^MemTotal:\s*(\d+) kB", read(_MEMINFO), re.MULTILINE)
    granted = granted_memory_bytes()
    sizes = [int(match.group(1)) // 1024] if match else []
    sizes += [granted[0] // 2**20] if granted else []
    return min(sizes, default=None)
