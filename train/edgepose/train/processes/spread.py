"""The same work on many things: one after another, or in several processes."""

from collections.abc import Callable, Iterable, Sequence
from typing import Protocol, TypeVar

Thing = TypeVar("Thing")
Made = TypeVar("Made")


class Spread(Protocol):
    """What comes of each thing, in their order: the built-in `map`, or `World.map`, where each process does a share."""

    def __call__(self, work: Callable[[Thing], Made], things: Sequence[Thing], /) -> Iterable[Made]:
        """Return what the work makes of each thing."""


def batches(total: int, batch: int) -> list[range]:
    """Return the numbers below `total`, `batch` at a time."""
    return [range(start, min(start + batch, total)) for start in range(0, total, batch)]
