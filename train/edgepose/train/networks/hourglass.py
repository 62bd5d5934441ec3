"""What the hourglass networks are made of: pre-activation bottlenecks, and a U of them with a skip at every level."""

import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate, max_pool2d

HOURGLASS_LEVELS = 4


class PreActivation(nn.Module):
    """Batch norm, ReLU and convolution three times (1x1, 3x3, 1x1, half as wide inside), added to the input.

    The input goes through a plain 1x1 convolution where the channels differ.
    """

    def __init__(self, inputs: int, outputs: int, *, bias: bool = True) -> None:
        super().__init__()
        inner = outputs // 2
        shapes = ((1, inputs, inner), (3, inner, inner), (1, inner, outputs))
        self.layers = nn.Sequential(*(layer for shape in shapes for layer in norm_relu_conv(*shape, bias=bias)))
        self.shortcut = nn.Identity() if inputs == outputs else nn.Conv2d(inputs, outputs, 1, bias=bias)

    def forward(self, x: Tensor) -> Tensor:
        """Return (N, outputs, h, w)."""
        return self.layers(x) + self.shortcut(x)  # type: ignore[no-any-return]


def norm_relu_conv(kernel: int, inputs: int, outputs: int, *, bias: bool) -> tuple[nn.Module, ...]:
    """Return the pre-activation order of layers."""
    return nn.BatchNorm2d(inputs), nn.ReLU(), nn.Conv2d(inputs, outputs, kernel, padding=kernel // 2, bias=bias)


def conv_norm_relu(kernel: int, stride: int, inputs: int, outputs: int) -> nn.Sequential:
    """Return the usual order of layers; the convolution has a bias."""
    convolution = nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2)
    return nn.Sequential(convolution, nn.BatchNorm2d(outputs), nn.ReLU())


def residuals(channels: int, count: int, *, bias: bool = True) -> nn.Sequential:
    """Return `count` bottlenecks, one after the other."""
    return nn.Sequential(*(PreActivation(channels, channels, bias=bias) for _ in range(count)))


def doubled(x: Tensor) -> Tensor:
    """Return (N, C, h, w) twice as high and wide, each pixel of the nearest neighbour."""
    if torch.compiler.is_compiling() and not torch.compiler.is_exporting():
        # of a single cell, torch's compiler makes no gradient of the usual way on a CPU
        count, channels, height, width = x.shape
        repeated = x[:, :, :, None, :, None].expand(-1, -1, -1, 2, -1, 2)
        return repeated.reshape(count, channels, 2 * height, 2 * width)
    return interpolate(x, scale_factor=2.0, mode="nearest")


class Hourglass(nn.Module):
    """Four halvings and four doublings, a bottleneck at each place and on each skip: (N, C, h, w) -> the same.

    h and w are multiples of 16.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        levels = range(HOURGLASS_LEVELS)
        self.skips = nn.ModuleList(PreActivation(channels, channels) for _ in levels)
        self.down = nn.ModuleList(PreActivation(channels, channels) for _ in levels)
        self.bottom = PreActivation(channels, channels)
        self.up = nn.ModuleList(PreActivation(channels, channels) for _ in levels)

    def forward(self, x: Tensor) -> Tensor:
        """Return features of the input's size."""
        kept = []
        for down, skip in zip(self.down, self.skips, strict=True):
            kept.append(skip(x))
            x = down(max_pool2d(x, 2))
        x = self.bottom(x)
        for up in self.up:
            x = doubled(up(x)) + kept.pop()
        return x


class WideHourglass(nn.Module):
    """The same U with its bottlenecks before each halving and after each doubling, `units` of them; skips are plain.

    Doublings are bilinear; the bottlenecks' convolutions have no bias.
    """

    def __init__(self, channels: int, units: int) -> None:
        super().__init__()
        levels = range(HOURGLASS_LEVELS)
        self.down = nn.ModuleList(residuals(channels, units, bias=False) for _ in levels)
        self.bottom = residuals(channels, units, bias=False)
        self.up = nn.ModuleList(residuals(channels, units, bias=False) for _ in levels)

    def forward(self, x: Tensor) -> Tensor:
        """Return features of the input's size."""
        kept = []
        for down in self.down:
            kept.append(down(x))
            x = max_pool2d(kept[-1], 2)
        x = self.bottom(x)
        for up in self.up:
            x = up(interpolate(x, scale_factor=2.0, mode="bilinear", align_corners=False) + kept.pop())
        return x
