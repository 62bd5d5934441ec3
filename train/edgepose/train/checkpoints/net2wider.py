"""A wider network that computes what a narrower one does (Chen et al., "Net2Net", section 3.2)."""

from dataclasses import dataclass, field

import torch
from torch import Tensor

_UNEVEN = 0.25
"""How far the shares of a channel's copies are from equal: copies with equal shares would learn the same for ever."""


def _seeded() -> torch.Generator:
    return torch.Generator().manual_seed(0)


@dataclass(frozen=True)
class Widener:
    """Repeats the channels of a network whose layers join, split and group them in blocks of so many.

    Every block grows from `narrow` to `wide` channels. The new ones are copies of its first; who reads a channel and
    its copies weighs them so that they add up to what it read before.
    """

    narrow: int
    wide: int
    random: torch.Generator = field(default_factory=_seeded)

    def widened(self, tensor: Tensor, wanted: torch.Size) -> Tensor | None:
        """Return a weight (O, I, ...) or a statistic (O) at its wanted shape; None where blocks do not explain it."""
        if tensor.dim() == 0 or tensor.shape[2:] != wanted[2:]:
            return None
        sources = [self._sources(have, need) for have, need in zip(tensor.shape[:2], wanted[:2], strict=True)]
        if any(source is None for source in sources):
            return None
        outputs, *inputs = [source for source in sources if source is not None]
        copied = tensor[outputs]
        return self._shared(copied, inputs[0]) if inputs else copied

    def _sources(self, have: int, need: int) -> Tensor | None:
        """Return of which old channel each new one is a copy."""
        if have == need:
            return torch.arange(have)
        if have % self.narrow or have // self.narrow * self.wide != need:
            return None
        within = torch.arange(self.wide) % self.narrow
        return (self.narrow * torch.arange(have // self.narrow)[:, None] + within).flatten()

    def _shared(self, weight: Tensor, sources: Tensor) -> Tensor:
        """Return a weight (O, I, ...) whose inputs are `sources`, each sharing with its copies what it weighed."""
        same = (sources[:, None] == sources).float()
        equal = same / same.sum(1)
        noise = _UNEVEN * torch.randn(len(weight), len(sources), generator=self.random)
        shares = equal.amax(1) + noise - noise @ equal
        return weight[:, sources] * shares.reshape(*shares.shape, *[1] * (weight.dim() - 2))
