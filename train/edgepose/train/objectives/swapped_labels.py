"""Labels with left and right exchanged, found by a network that has seen many others, and put right.

Crowds label what is on the left of a picture as somebody's left, in all of a person or in the arms or legs alone.
"""

import torch
from torch import Tensor, nn

from edgepose.runtime.skeleton import Skeleton

CHAINS = (("shoulder", "elbow", "wrist"), ("hip", "knee", "ankle"), ("eye", "ear"))
"""Joints that are exchanged together."""
MARGIN = 0.4
"""How much better exchanged labels must agree; of such in LSP Extended about four in five are wrong indeed."""
_ENOUGH_PAIRS = 2


class SwappedLabels(nn.Module):
    """Finds and exchanges the left and right of a skeleton's labels; lies on a device as a network does."""

    order: Tensor
    chains: Tensor

    def __init__(self, skeleton: Skeleton) -> None:
        super().__init__()
        parts = [joint[2:] if joint.startswith(("l_", "r_")) else "" for joint in skeleton.joints]
        chains = [[float(part in chain) for part in parts] for chain in CHAINS]
        self.register_buffer("order", torch.tensor(skeleton.flip_order))
        self.register_buffer("chains", torch.tensor(chains).T)

    def margins(self, maps: Tensor, targets: Tensor) -> Tensor:
        """Return how much better maps (N, K, H, W) agree with targets when these are exchanged, for each chain: (N, C).

        A map agrees with a target by its projection onto it: 1 where they are equal, 0 where the map is empty at the
        label. The margin is the mean over the chain's pairs with both labels in the crop; 0 with fewer than two pairs.
        """
        energy = targets.square().sum(dim=(2, 3))
        own, exchanged = ((seen * targets).sum(dim=(2, 3)) for seen in (maps, maps.index_select(1, self.order)))
        margin = (exchanged - own) / energy.clamp(min=1e-12)
        paired = ((energy > 0) & (energy.index_select(1, self.order) > 0)).float()
        # sums, not matrix products: autocast would round these to bf16
        joints, whole = ((each.unsqueeze(-1) * self.chains).sum(dim=1) for each in (paired, margin * paired))
        return whole / joints.clamp(min=1) * (joints >= 2 * _ENOUGH_PAIRS)

    def find(self, maps: Tensor, targets: Tensor) -> Tensor:
        """Return which joints (N, K) are of chains whose margin is firm, as a boolean."""
        firm = self.margins(maps, targets) > MARGIN
        return (firm.unsqueeze(1) & (self.chains > 0)).any(dim=-1)

    def exchange(self, values: Tensor, swapped: Tensor) -> Tensor:
        """Return values (N, K, ...) with those of swapped joints (N, K) exchanged for the other side's."""
        where = swapped.reshape(*swapped.shape, *[1] * (values.ndim - 2))
        return torch.where(where, values.index_select(1, self.order), values)
