"""Losses and the wish to stop, read from the device and agreed upon by all processes every so many steps."""

import torch
from torch import Tensor

from edgepose.train.processes.world import World

_STEPS_A_READING = {"cpu": 1, "cuda": 20}
"""Reading a value of a GPU waits until it has caught up."""


class Readings:
    """Losses, means over all processes; `stop` says whether one of the processes was asked to stop."""

    def __init__(self, world: World) -> None:
        self.stop = False
        self._world = world
        self._unread: list[Tensor] = []

    def add(self, loss: Tensor) -> None:
        """Keep a step's loss, a scalar on the device."""
        self._unread.append(loss.float())

    @property
    def is_due(self) -> bool:
        """Whether so many losses are unread that it is time."""
        return len(self._unread) >= _STEPS_A_READING[self._world.device.type]

    def read(self, *, stop: bool) -> list[float]:
        """Return the losses since the last reading; every process reads after the same steps."""
        wish = torch.tensor(float(stop), device=self._world.device)
        *losses, wishes = self._world.mean(torch.stack([*self._unread, wish])).tolist()
        self._unread.clear()
        self.stop = wishes > 0
        return losses
