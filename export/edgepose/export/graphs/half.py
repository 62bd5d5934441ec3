"""A network in half precision, simulated in torch: x86 CPUs do not compute in it from end to end."""

import copy
from typing import Any

import torch
from torch import Tensor, nn


def halved(network: nn.Module) -> nn.Module:
    """Return a copy whose weights, and what every layer reads and gives, are rounded to half precision.

    What is beyond its range, 65504, becomes infinite as it does on a GPU. Sums within a layer stay in fp32, as GPUs
    have them. Layers are modules without others inside: what a `forward` itself adds up is rounded where the next layer
    reads it, and a batch norm, of which an engine makes a part of its convolution, is rounded once more than there.
    """
    result = copy.deepcopy(network).eval()
    for tensor in (*result.parameters(), *result.buffers()):
        if tensor.is_floating_point():
            tensor.data = rounded(tensor.data)
    for layer in result.modules():
        if not list(layer.children()):
            layer.register_forward_pre_hook(_round_inputs)
            layer.register_forward_hook(_round_output)
    return result


def rounded(x: Tensor) -> Tensor:
    """Return a tensor's values as half precision has them, in fp32."""
    return x.half().float()


def _round_inputs(_: nn.Module, inputs: tuple[Any, ...]) -> tuple[Any, ...]:
    return tuple(_rounded_floats(x) for x in inputs)


def _round_output(_: nn.Module, _inputs: tuple[Any, ...], output: Any) -> Any:
    return _rounded_floats(output)


def _rounded_floats(x: Any) -> Any:
    return rounded(x) if isinstance(x, Tensor) and x.dtype == torch.float32 else x
