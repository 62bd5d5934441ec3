"""What this machine is, by the standard library alone."""

import os
import platform
import re
from dataclasses import dataclass
from pathlib import Path

_CPUINFO = Path("/proc/cpuinfo")
_MEMINFO = Path("/proc/meminfo")
_CGROUP = Path("/sys/fs/cgroup")
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
    """A probed machine: `cores` are those this process may use, `flags` the instruction sets that matter."""

    cpu: str
    architecture: str
    cores: int
    memory_mb: int | None
    flags: tuple[str, ...]

    @property
    def facts(self) -> tuple[tuple[str, str], ...]:
        """What was found and where: pairs of text and source."""
        found = [
            (f"{self.architecture} CPU {self.cpu}", str(_CPUINFO)),
            (f"{self.cores} cores", "affinity and cgroup"),
        ]
        if self.flags:
            found.append((f"instruction sets: {', '.join(self.flags)}", str(_CPUINFO)))
        return tuple(found)


def probe_this_machine() -> Machine:
    """Return what this machine is; what cannot be read is left out, never guessed."""
    cpuinfo = _read(_CPUINFO)
    return Machine(cpu_name(cpuinfo), platform.machine(), _cores(), _memory_mb(), cpu_flags(cpuinfo))


def cpu_name(cpuinfo: str) -> str:
    """Return the processor's name in the text of /proc/cpuinfo, else what the platform calls it."""
    for key in ("model name", "Model", "Hardware"):
        match = re.search(rf"^{key}\s*:\s*(\S.*)$", cpuinfo, re.MULTILINE)
        if match:
            return match.group(1).strip()
    return platform.processor() or platform.machine() or "unknown"


def cpu_flags(cpuinfo: str) -> tuple[str, ...]:
    """Return those instruction sets in the text of /proc/cpuinfo that matter to inference."""
    match = re.search(r"^(?:flags|Features)\s*:\s*(.*)$", cpuinfo, re.MULTILINE)
    found = set(match.group(1).split()) if match else set()
    return tuple(flag for flag in _TELLING_FLAGS if flag in found)


def _cores() -> int:
    # macOS and Windows have no affinity to ask for
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    quota = cgroup_cores(_read(_CGROUP / "cpu.max"))
    return max(1, allowed if quota is None else min(allowed, quota))


def cgroup_cores(cpu_max: str) -> int | None:
    """Return how many whole cores the text of a cgroup's cpu.max grants, at least 1, None for no limit."""
    quota, _, period = cpu_max.strip().partition(" ")
    if not quota.isdigit() or not period.isdigit() or int(period) == 0:
        return None
    return max(1, int(quota) // int(period))


def _memory_mb() -> int | None:
    match = re.search(r"^MemTotal:\s*(\d+) kB", _read(_MEMINFO), re.MULTILINE)
    limit = _read(_CGROUP / "memory.max").strip()
    sizes = [int(match.group(1)) // 1024] if match else []
    sizes += [int(limit) // 2**20] if limit.isdigit() else []
    return min(sizes, default=None)


def container_memory_bytes() -> tuple[int, int] | None:
    """Return what this process's container may use and what it uses; None where there is no limit.

    Pages of files, which the system drops when others need the room, do not count as used.
    """
    texts = [_read(_CGROUP / name) for name in ("memory.max", "memory.current", "memory.stat")]
    return cgroup_memory(*texts)


def cgroup_memory(limit: str, current: str, stat: str) -> tuple[int, int] | None:
    """Return limit and use in bytes by the texts of a cgroup's memory.max, memory.current and memory.stat."""
    if not limit.strip().isdigit() or not current.strip().isdigit():
        return None
    pages_of_files = sum(map(int, re.findall(r"^(?:in)?active_file (\d+)$", stat, re.MULTILINE)))
    return int(limit), max(0, int(current) - pages_of_files)


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
