"""A network's figures, counted as its paper counts them."""

import math
from dataclasses import dataclass
from typing import Any

import torch

from edgepose.train.networks import NetworkSpec
from edgepose.train.networks.counting import count_macs, count_parameters


@dataclass(frozen=True)
class Convention:
    """How a paper makes its FLOPs of multiply-accumulates: `flops = macs * factor`, in units of 10^9 or 2^30."""

    text: str
    factor: float
    truncated: bool

    def printed(self, flops: float) -> str:
        """Return the figure with one decimal, as the paper's tables have it."""
        return f"{math.floor(10 * flops) / 10:.1f}" if self.truncated else f"{flops:.1f}"


REPOSE_CONVENTION = Convention("RePose: FLOPs = 2 x MAC / 1e9", 2 / 1e9, truncated=False)
PPNET_CONVENTION = Convention("PPNet: GFLOPs = MAC / 2^30, printed truncated", 1 / 2**30, truncated=True)


@dataclass(frozen=True)
class NetworkFigures:
    """Parameters and multiply-accumulates of the convolutions for one image."""

    spec: NetworkSpec
    params: int
    macs: int
    convention: Convention

    @property
    def flops_paper(self) -> float:
        """The paper's figure, in its units."""
        return self.macs * self.convention.factor

    def to_dict(self) -> dict[str, Any]:
        """Return what `edgepose info --json` prints."""
        return {
            "net": self.spec.name,
            "params": self.params,
            "macs": self.macs,
            "flops_paper": self.flops_paper,
            "convention": self.convention.text,
            "input_wh": list(self.spec.input_wh),
            "joints": len(self.spec.skeleton),
        }


def describe(spec: NetworkSpec) -> NetworkFigures:
    """Count a network on tensors without memory.

    Raises `EdgeposeError` when its settings do not fit together.
    """
    with torch.device("meta"):
        network = spec.build()
    convention = REPOSE_CONVENTION if spec.name == "repose" else PPNET_CONVENTION
    return NetworkFigures(spec, count_parameters(network), count_macs(network, spec.input_wh), convention)
