"""Quantisation-aware training: convolutions compute as they will in int8, and learn to be right that way.

Inputs are rounded to 8 bits without sign between the smallest and the largest value seen lately, weights to 8 bits with
sign for each output channel; the gradient passes through the rounding. A batch norm behind a convolution only scales
its output channels, so that rounding before or after the two are folded into one is the same.
"""

from typing import Self

import torch
from torch import Tensor, nn

from edgepose.profiles.errors import EdgeposeError

INPUT_RANGE = "input_range"
"""What a quantised convolution has besides a plain one's tensors."""
_FORGET = 0.01
_SMALLEST_RANGE = 1e-6
_INPUT_STEPS = 255
_WEIGHT_STEPS = 127


class QuantisedConv2d(nn.Conv2d):
    """A convolution with the same parameters whose input and weight have the values that int8 has.

    While it trains it keeps the range of its inputs: widened at once, narrowed by a hundredth a step.
    """

    input_range: Tensor

    @classmethod
    def of(cls, layer: nn.Conv2d) -> Self:
        """Return the quantised form of a layer, with the layer's own parameters."""
        quantised = cls(
            layer.in_channels,
            layer.out_channels,
            layer.kernel_size,  # type: ignore[arg-type]
            layer.stride,  # type: ignore[arg-type]
            layer.padding,  # type: ignore[arg-type]
            layer.dilation,  # type: ignore[arg-type]
            layer.groups,
            bias=layer.bias is not None,
            device=layer.weight.device,
        )
        quantised.weight, quantised.bias = layer.weight, layer.bias
        quantised.register_buffer(INPUT_RANGE, torch.zeros(2, device=layer.weight.device))
        return quantised

    def forward(self, x: Tensor) -> Tensor:
        """Return the convolution of the rounded input and the rounded weight."""
        if self.training:
            self._observe(x.detach())
        rounded: Tensor = self._conv_forward(rounded_input(x, self.input_range), rounded_weight(self.weight), self.bias)
        return rounded

    @torch.no_grad()
    def _observe(self, x: Tensor) -> None:
        low, high = (limit.float() for limit in x.aminmax())
        narrowed = self.input_range.lerp(torch.stack([low, high]), _FORGET)
        self.input_range[0] = torch.minimum(low, narrowed[0]).clamp(max=0)
        self.input_range[1] = torch.maximum(high, narrowed[1]).clamp(min=0)


class FrozenBatchNorm2d(nn.BatchNorm2d):
    """A batch norm whose statistics stay as they are, as on a device; its scale and shift go on learning."""

    @classmethod
    def of(cls, layer: nn.BatchNorm2d) -> Self:
        """Return the frozen form of a layer, with the layer's own parameters and statistics."""
        frozen = cls(layer.num_features, layer.eps, layer.momentum, device=layer.weight.device)
        frozen.__dict__.update(_parameters=layer._parameters, _buffers=layer._buffers)  # noqa: SLF001
        return frozen.eval()

    def train(self, _mode: bool = True) -> Self:
        """Stay in inference mode."""
        return super().train(False)  # noqa: FBT003


def rounded_input(x: Tensor, limits: Tensor) -> Tensor:
    """Return x as 256 steps between limits (2,) hold it, zero being one of them; the gradient is that of clamping."""
    step = (limits[1] - limits[0]).clamp(min=_SMALLEST_RANGE) / _INPUT_STEPS
    zero = (-limits[0] / step).round().int().clamp(0, _INPUT_STEPS)
    return torch.fake_quantize_per_tensor_affine(x.float(), step, zero, 0, _INPUT_STEPS)


def rounded_weight(weight: Tensor) -> Tensor:
    """Return a weight (O, I, h, w) as 127 steps to either side of zero hold it, for each output channel."""
    step = weight.detach().abs().amax(dim=(1, 2, 3)).clamp(min=_SMALLEST_RANGE) / _WEIGHT_STEPS
    zero = torch.zeros_like(step, dtype=torch.int32)
    return torch.fake_quantize_per_channel_affine(weight, step, zero, 0, -_WEIGHT_STEPS, _WEIGHT_STEPS)


def quantise_layers(network: nn.Module) -> None:
    """Put the quantised forms in the places of a network's convolutions and freeze its batch norms.

    Weights keep their names; each convolution's `input_range` comes in addition.

    Raises `EdgeposeError` when there is no convolution.
    """
    layers = dict(network.named_modules())
    if not any(isinstance(layer, nn.Conv2d) for layer in layers.values()):
        raise EdgeposeError("the network has no convolution, so --qat has nothing to do; train without it")
    for name, layer in layers.items():
        if isinstance(layer, nn.Conv2d):
            network.set_submodule(name, QuantisedConv2d.of(layer))
        elif isinstance(layer, nn.BatchNorm2d):
            network.set_submodule(name, FrozenBatchNorm2d.of(layer))


@torch.no_grad()
def round_weights(network: nn.Module) -> None:
    """Give the weights of a network's convolutions the values that int8 has; to round them again changes nothing."""
    for layer in network.modules():
        if isinstance(layer, nn.Conv2d):
            layer.weight.copy_(rounded_weight(layer.weight))
