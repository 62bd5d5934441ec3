"""The exponential moving average of a network's weights."""

import copy

import torch
from torch import nn


class WeightAverage:
    """Keeps `network`, a copy whose floating values trail the trained one's; other buffers are copied."""

    def __init__(self, network: nn.Module, decay: float) -> None:
        self.network = copy.deepcopy(network).eval().requires_grad_(False)  # noqa: FBT003
        self._decay = decay
        # whatever trains or restores a network writes into its tensors: they stay the same ones
        kept, current = (list(net.state_dict().values()) for net in (self.network, network))
        pairs = list(zip(kept, current, strict=True))
        self._floating = [pair for pair in pairs if pair[0].is_floating_point()]
        self._others = [pair for pair in pairs if not pair[0].is_floating_point()]

    @torch.no_grad()
    def update(self, step: int) -> None:
        """Move toward the network; early steps move further, so that the start is forgotten."""
        decay = min(self._decay, (1 + step) / (10 + step))
        # one call for all: a GPU would wait for hundreds of small ones
        torch._foreach_lerp_([ours for ours, _ in self._floating], [theirs for _, theirs in self._floating], 1 - decay)
        if self._others:
            torch._foreach_copy_([ours for ours, _ in self._others], [theirs for _, theirs in self._others])
