"""A network's figures, counted as its paper counts them."""

from dataclasses import dataclass
from typing import Any

import torch

from edgepose.train.networks import NetworkSpec
from edgepose.train.networks.architectures import ARCHITECTURES
from edgepose.train.networks.counting import Convention, Operations, count_operations, count_parameters


@dataclass(frozen=True)
class NetworkFigures:
    """Parameters and operations for one image."""

    spec: NetworkSpec
    params: int
    operations: Operations
    convention: Convention

    @property
    def macs(self) -> int:
        """Multiply-accumulates of the convolutions."""
        return self.operations.macs

    @property
    def flops_paper(self) -> float:
        """The paper's figure, in its units."""
        return self.convention.flops(self.operations)

    @property
    def by_paper(self) -> dict[str, tuple[Convention, float]]:
        """How each network's paper counts, by the network's title, and the figure that it would print."""
        conventions = {each.title: each.convention for each in ARCHITECTURES.values()}
        return {title: (convention, convention.flops(self.operations)) for title, convention in conventions.items()}

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
            "flops_by_paper": {title: flops for title, (_, flops) in self.by_paper.items()},
        }


def describe(spec: NetworkSpec) -> NetworkFigures:
    """Count a network on tensors without memory.

    Raises `EdgeposeError` when its settings do not fit together.
    """
    with torch.device("meta"):
        network = spec.build()
    operations = count_operations(network, spec.input_wh)
    return NetworkFigures(spec, count_parameters(network), operations, spec.architecture.convention)
