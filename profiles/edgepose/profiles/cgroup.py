"""What the control groups of Linux grant this process: a container's, a batch job's or a service's limits."""

import re
from functools import cache
from pathlib import Path

_ROOT = Path("/sys/fs/cgroup")
_OWN = Path("/proc/self/cgroup")
_NO_LIMIT = 2**60
"""Version 1 writes a number like this where there is none."""


def granted_cores(root: Path = _ROOT, own: Path = _OWN) -> int | None:
    """Return how many whole cores this process's group and those above it grant, at least 1, None for no limit."""
    found = [
        cores_of(read(folder / "cpu.max"))
        or cores_of(f"{read(folder / 'cpu.cfs_quota_us').strip()} {read(folder / 'cpu.cfs_period_us').strip()}")
        for folder in _folders("cpu", root, own)
    ]
    return min((cores for cores in found if cores is not None), default=None)


def cores_of(cpu_max: str) -> int | None:
    """Return how many whole cores the text of a group's cpu.max grants, at least 1, None for no limit."""
    quota, _, period = cpu_max.strip().partition(" ")
    if not quota.isdigit() or not period.isdigit() or int(period) == 0:
        return None
    return max(1, int(quota) // int(period))


def granted_memory_bytes(root: Path = _ROOT, own: Path = _OWN) -> tuple[int, int] | None:
    """Return limit and use of the group, of this process's and those above it, that has the least room; None for none.

    Pages of files, which the system drops when others need the room, do not count as used.
    """
    found = []
    for folder in _folders("memory", root, own):
        stat = read(folder / "memory.stat")
        for limit, used in (("memory.max", "memory.current"), ("memory.limit_in_bytes", "memory.usage_in_bytes")):
            group = memory_of(read(folder / limit), read(folder / used), stat)
            found += [group] if group else []
    return min(found, key=lambda group: group[0] - group[1], default=None)


def memory_of(limit: str, current: str, stat: str) -> tuple[int, int] | None:
    """Return limit and use in bytes by the texts of a group's memory.max, memory.current and memory.stat."""
    if not limit.strip().isdigit() or not current.strip().isdigit() or int(limit) >= _NO_LIMIT:
        return None
    pages_of_files = sum(map(int, re.findall(r"^(?:in)?active_file (\d+)$", stat, re.MULTILINE)))
    return int(limit), max(0, int(current) - pages_of_files)


@cache
def _folders(controller: str, root: Path, own: Path) -> tuple[Path, ...]:
    """Return the folders of this process's group and of those above it, of version 2 and of a version 1 controller.

    Inside a container the path may be the host's, of which only the root is there. They are found once: how much memory
    is free is asked at every picture.
    """
    found: list[Path] = []
    for line in read(own).splitlines():
        _, names, path = line.split(":", 2)
        if names and controller not in names.split(","):
            continue
        base = root / names if names else root
        folder = base / path.lstrip("/")
        found += (each for each in (folder, *folder.parents) if each.is_relative_to(base) and each.is_dir())
    return tuple(found)


def read(path: Path) -> str:
    """Return a text of the system, nothing where there is none."""
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
