"""Parameters and operations of a network, in the convention of its paper."""

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor, nn


@dataclass(frozen=True)
class Operations:
    """What a network does for one image: multiply-accumulates of its convolutions, and elements that other steps make.

    `biases` are the outputs of convolutions with a bias, `norms` those of batch norms, `relus` those of ReLUs.
    """

    macs: int
    biases: int
    norms: int
    relus: int


@dataclass(frozen=True)
class Convention:
    """How a paper makes its FLOPs of operations, in units of 10^9 or 2^30, and how many decimals its tables have."""

    text: str
    flops: Callable[[Operations], float]
    decimals: int
    truncated: bool = False

    def printed(self, flops: float) -> str:
        """Return the figure as the paper's tables have it."""
        shown = math.floor(flops * 10**self.decimals) / 10**self.decimals if self.truncated else flops
        return f"{shown:.{self.decimals}f}"


class CountedConvolution(nn.Module, ABC):
    """A convolution that is no `nn.Conv2d`, and says itself what it costs."""

    @abstractmethod
    def macs_of(self, inputs: tuple[Tensor, ...], output: Tensor) -> int:
        """Return the multiply-accumulates that made an output of the inputs."""


def count_parameters(network: nn.Module) -> int:
    """Return the number of trainable values."""
    return sum(parameter.numel() for parameter in network.parameters())


def count_operations(network: nn.Module, input_wh: tuple[int, int]) -> Operations:
    """Return what a network does for one image.

    Meant for meta tensors, which compute nothing; batch norms, whose output is as large as their input, are left out,
    since torch takes longest to find its shape. A ReLU counts where it is a module.
    """
    counts = {"macs": 0, "biases": 0, "norms": 0, "relus": 0}

    def add(module: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
        if isinstance(module, nn.Conv2d):
            counts["macs"] += output.numel() * module.weight[0].numel()
            counts["biases"] += output.numel() if module.bias is not None else 0
        elif isinstance(module, CountedConvolution):
            counts["macs"] += module.macs_of(inputs, output)
        else:
            counts["norms" if isinstance(module, nn.BatchNorm2d) else "relus"] += output.numel()

    counted = (nn.Conv2d, CountedConvolution, nn.BatchNorm2d, nn.ReLU)
    hooks = [m.register_forward_hook(add) for m in network.modules() if isinstance(m, counted)]
    state = network.training
    try:
        with torch.no_grad(), _without_norms(network):
            network.eval()(next(network.parameters()).new_zeros(1, 3, input_wh[1], input_wh[0]))
    finally:
        network.train(state)
        for hook in hooks:
            hook.remove()
    return Operations(**counts)


@contextmanager
def _without_norms(network: nn.Module) -> Iterator[None]:
    norms = [module for module in network.modules() if isinstance(module, nn.BatchNorm2d)]
    for norm in norms:
        norm.forward = nn.Identity().forward  # type: ignore[method-assign]
    try:
        yield
    finally:
        for norm in norms:
            del norm.forward
