"""What a data set keeps in memory, so that it is not decoded in every epoch: as much as there is room for."""

import os
from collections.abc import Callable, Hashable
from contextlib import suppress
from typing import Generic, TypeVar

import psutil
from cachetools import LRUCache

_K = TypeVar("_K", bound=Hashable)
_V = TypeVar("_V")

_SHARE = 8


def room_bytes() -> int:
    """Return what one data set may keep in a process: an eighth of the memory, if every core has a process."""
    return int(psutil.virtual_memory().total) // _SHARE // (os.cpu_count() or 1)


class Kept(Generic[_K, _V]):
    """`kept(key)` is `make(key)`, made once while there is room; what was not asked for longest makes room.

    `bytes_of` says how large a value is.
    """

    def __init__(self, make: Callable[[_K], _V], bytes_of: Callable[[_V], int], most_bytes: int | None = None) -> None:
        self._make = make
        most = room_bytes() if most_bytes is None else most_bytes
        self._values: LRUCache[_K, _V] = LRUCache(most, getsizeof=bytes_of)

    @property
    def bytes(self) -> int:
        """How much is kept."""
        return int(self._values.currsize)

    def __call__(self, key: _K) -> _V:
        """Return the value, made or kept."""
        if key in self._values:
            return self._values[key]
        value = self._make(key)
        with suppress(ValueError):  # larger than all the room there is
            self._values[key] = value
        return value
