"""What a data set keeps in memory, so that it is not decoded in every epoch: as much as there is room for."""

from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

import psutil

from edgepose.profiles.cgroup import granted_memory_bytes
from edgepose.profiles.probe import probe_this_machine

_K = TypeVar("_K", bound=Hashable)
_V = TypeVar("_V")

_SHARE = 8
_UNTOLD_MB = 4096
_LEAST_SPARE = 0.25


def room_bytes() -> int:
    """Return what one data set may keep in a process: an eighth of the memory, if every core has a process."""
    machine = probe_this_machine()
    return (machine.memory_mb or _UNTOLD_MB) * 2**20 // _SHARE // machine.cores


def memory_is_spare() -> bool:
    """Return whether a quarter of the memory is free for others, the machine's and a container's or a job's.

    Several data sets share what there is.
    """
    memory, container = psutil.virtual_memory(), granted_memory_bytes()
    if container is not None and container[1] > (1 - _LEAST_SPARE) * container[0]:
        return False
    return bool(memory.available >= _LEAST_SPARE * memory.total)


class Kept(Generic[_K, _V]):
    """`kept(key)` is `make(key)`, made once while there is room, and made again where there is none.

    `bytes_of` says how large a value is. Nothing that is kept makes room for others: who walks through more than there
    is room for, time after time, would find nothing again.
    """

    def __init__(self, make: Callable[[_K], _V], bytes_of: Callable[[_V], int], most_bytes: int | None = None) -> None:
        self._make, self._bytes_of = make, bytes_of
        self._most_bytes = room_bytes() if most_bytes is None else most_bytes
        self._values: dict[_K, _V] = {}
        self.bytes = 0
        """How much is kept."""

    def __call__(self, key: _K) -> _V:
        """Return the value, made or kept."""
        if key in self._values:
            return self._values[key]
        value = self._make(key)
        size = self._bytes_of(value)
        if self.bytes + size <= self._most_bytes and memory_is_spare():
            self._values[key] = value
            self.bytes += size
        return value
