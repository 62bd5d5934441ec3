"""What the hourglass networks are made of: pre-activation bottlenecks, and a U of them with a skip at every level."""

from typing import Literal

from torch import Tensor, nn
from torch.nn.functional import interpolate, max_pool2d

HOURGLASS_LEVELS = 4


class PreActivation(nn.Module):
    """Batch norm, ReLU and convolution three times (1x1, 3x3, 1x1, half as wide inside), added to the input.

    The input goes through a plain 1x1 convolution where the channels differ.
    """

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        inner = outputs // 2
        self.layers = nn.Sequential(
            *norm_relu_conv(1, inputs, inner), *norm_relu_conv(3, inner, inner), *norm_relu_conv(1, inner, outputs)
        )
        self.shortcut = nn.Identity() if inputs == outputs else nn.Conv2d(inputs, outputs, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Return (N, outputs, h, w)."""
        return self.layers(x) + self.shortcut(x)  # type: ignore[no-any-return]


def norm_relu_conv(kernel: int, inputs: int, outputs: int) -> tuple[nn.Module, ...]:
    """Return the pre-activation order of layers."""
    return nn.BatchNorm2d(inputs), nn.ReLU(), nn.Conv2d(inputs, outputs, kernel, padding=kernel // 2)


def conv_norm_relu(kernel: int, stride: int, inputs: int, outputs: int) -> nn.Sequential:
    """Return the usual order of layers; the convolution has a bias."""
    convolution = nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2)
    return nn.Sequential(convolution, nn.BatchNorm2d(outputs), nn.ReLU())


def residuals(channels: int, count: int) -> nn.Sequential:
    """Return `count` bottlenecks, one after the other."""
    return nn.Sequential(*(PreActivation(channels, channels) for _ in range(count)))


class Hourglass(nn.Module):
    """Four halvings and four doublings, `units` bottlenecks at each place, the skips added (N, C, h, w) -> the same.

    h and w are multiples of 16. `skips` says whether a skip has bottlenecks too, `upsample` how a side is doubled.
    """

    def __init__(self, channels: int, units: int, *, skips: bool, upsample: Literal["nearest", "bilinear"]) -> None:
        super().__init__()
        levels = range(HOURGLASS_LEVELS)
        self.down = nn.ModuleList(residuals(channels, units) for _ in levels)
        self.bottom = residuals(channels, units)
        self.up = nn.ModuleList(residuals(channels, units) for _ in levels)
        self.skips = nn.ModuleList(residuals(channels, units) if skips else nn.Identity() for _ in levels)
        self.upsample = upsample

    def forward(self, x: Tensor) -> Tensor:
        """Return features of the input's size."""
        kept = []
        for down, skip in zip(self.down, self.skips, strict=True):
            kept.append(skip(x))
            x = down(max_pool2d(x, 2))
        x = self.bottom(x)
        for up in self.up:
            x = self._doubled(up(x)) + kept.pop()
        return x

    def _doubled(self, x: Tensor) -> Tensor:
        if self.upsample == "nearest":
            return interpolate(x, scale_factor=2.0, mode="nearest")
        return interpolate(x, scale_factor=2.0, mode="bilinear", align_corners=False)
