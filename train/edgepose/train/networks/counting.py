"""Parameters and multiply-accumulates of a network, in the convention of its paper."""

import torch
from torch import Tensor, nn


def count_parameters(network: nn.Module) -> int:
    """Return the number of trainable values."""
    return sum(parameter.numel() for parameter in network.parameters())


def count_macs(network: nn.Module, input_wh: tuple[int, int]) -> int:
    """Return the multiply-accumulates of every convolution for one image.

    Counted on meta tensors: nothing is computed.
    """
    total = 0

    def add(module: nn.Module, _inputs: tuple[Tensor, ...], output: Tensor) -> None:
        nonlocal total
        assert isinstance(module, nn.Conv2d)
        total += output.numel() * module.weight[0].numel()

    hooks = [m.register_forward_hook(add) for m in network.modules() if isinstance(m, nn.Conv2d)]
    state = network.training
    try:
        with torch.no_grad():
            network.eval()(next(network.parameters()).new_zeros(1, 3, input_wh[1], input_wh[0]))
    finally:
        network.train(state)
        for hook in hooks:
            hook.remove()
    return total
