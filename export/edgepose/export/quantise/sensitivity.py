"""Which layers a lower precision hurts most: each convolution alone is reduced, and the change of the output is taken.

The reduction is simulated in torch, so the answer is the same for every format, in the names of the code.
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from edgepose.export.graphs.half import rounded
from edgepose.runtime.arrays import ImageArray
from edgepose.train.networks import DeployNetwork
from edgepose.train.networks.qat import rounded_input, rounded_weight

_CROPS = 8
_RANGE_CROPS = 64


@dataclass(frozen=True)
class LayerHarm:
    """A layer, and how much reducing it alone changes the heatmaps: root mean square, as a share of the maps'."""

    layer: str
    change: float


@torch.no_grad()
def layers_by_harm(
    deployed: DeployNetwork, calibration_rgb: ImageArray, probe_rgb: ImageArray, precision: str
) -> list[LayerHarm]:
    """Return all convolutions that the prediction needs, the one that fp16 or int8 hurts most first.

    Crops are uint8 (N, H, W, 3): `calibration_rgb` gives the ranges of int8, on `probe_rgb` the change is taken. The
    work is one run over 8 crops a layer.
    """
    layers = {name: m for name, m in deployed.network.named_modules() if isinstance(m, nn.Conv2d)}
    ranges = _input_ranges(deployed, layers, calibration_rgb[:_RANGE_CROPS])
    probe = torch.from_numpy(probe_rgb[:_CROPS])
    original = deployed(probe)
    harms = []
    for name, (low, high) in ranges.items():
        with _reduced(layers[name], precision, low, high):
            change = (deployed(probe) - original).square().mean().sqrt() / original.square().mean().sqrt()
        harms.append(LayerHarm(name, float(change.nan_to_num(torch.inf))))
    return sorted(harms, key=lambda harm: -harm.change)


def _input_ranges(
    deployed: DeployNetwork, layers: dict[str, nn.Conv2d], images_rgb: ImageArray
) -> dict[str, tuple[float, float]]:
    """Return the smallest and largest input, zero included, of each layer that is used."""
    ranges: dict[str, tuple[float, float]] = {}
    with ExitStack() as hooks:
        for name, layer in layers.items():

            def note(_: nn.Module, inputs: tuple[Tensor], name: str = name) -> None:
                low, high = ranges.get(name, (0.0, 0.0))
                ranges[name] = min(low, float(inputs[0].min())), max(high, float(inputs[0].max()))

            hooks.callback(layer.register_forward_pre_hook(note).remove)
        for start in range(0, len(images_rgb), _CROPS):
            deployed(torch.from_numpy(images_rgb[start : start + _CROPS]))
    return ranges


@contextmanager
def _reduced(layer: nn.Conv2d, precision: str, low: float, high: float) -> Iterator[None]:
    """Let one layer's input and weight have the precision's steps, for a while."""
    limits = torch.tensor([low, high])

    def reduce_input(_: nn.Module, inputs: tuple[Tensor]) -> tuple[Any, ...]:
        return (rounded(inputs[0]) if precision == "fp16" else rounded_input(inputs[0], limits),)

    weight = layer.weight.data
    layer.weight.data = rounded(weight) if precision == "fp16" else rounded_weight(weight)
    hook = layer.register_forward_pre_hook(reduce_input)
    try:
        yield
    finally:
        hook.remove()
        layer.weight.data = weight
