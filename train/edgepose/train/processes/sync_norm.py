"""Batch norm over the batches of all processes, on devices for which torch has none."""

from typing import Any, Self

import torch
from torch import Tensor, distributed, nn


class SyncBatchNorm2d(nn.BatchNorm2d):
    """A batch norm whose statistics, while it trains, are those of all processes' batches, all of one size."""

    @classmethod
    def of(cls, layer: nn.BatchNorm2d) -> Self:
        """Return the synchronised form of a layer, with the layer's own parameters and statistics."""
        synchronised = cls(layer.num_features, layer.eps, layer.momentum)
        synchronised.__dict__.update(_parameters=layer._parameters, _buffers=layer._buffers)  # noqa: SLF001
        return synchronised.train(layer.training)

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002  torch's name
        """Return (N, C, H, W) with the mean and the variance of each channel taken away, scaled and shifted."""
        if not self.training:
            return super().forward(input)
        x = input.float()
        mean = _over_processes(x.mean(dim=(0, 2, 3)))
        centred = x - mean.view(1, -1, 1, 1)
        variance = _over_processes(centred.square().mean(dim=(0, 2, 3)))
        self._remember(mean.detach(), variance.detach(), distributed.get_world_size() * x.numel() // x.shape[1])
        scale = self.weight * (variance + self.eps).rsqrt()
        return (centred * scale.view(1, -1, 1, 1) + self.bias.view(1, -1, 1, 1)).to(input.dtype)

    @torch.no_grad()
    def _remember(self, mean: Tensor, variance: Tensor, count: int) -> None:
        assert self.momentum is not None
        assert self.running_mean is not None
        assert self.running_var is not None
        assert self.num_batches_tracked is not None
        self.running_mean.lerp_(mean, self.momentum)
        self.running_var.lerp_(variance * count / max(count - 1, 1), self.momentum)
        self.num_batches_tracked += 1


class _Sum(torch.autograd.Function):
    """The sum over all processes; what each loses by it is the sum of what all lose."""

    @staticmethod
    def forward(_context: Any, values: Tensor) -> Tensor:
        """Return the sum."""
        total = values.contiguous().clone()
        distributed.all_reduce(total)
        return total

    @staticmethod
    def backward(_context: Any, gradient: Tensor) -> Tensor:
        """Return the gradient of all processes' losses."""
        return _Sum.forward(_context, gradient)


def _over_processes(values: Tensor) -> Tensor:
    mean: Tensor = _Sum.apply(values) / distributed.get_world_size()  # type: ignore[no-untyped-call]
    return mean
