"""PPNet (Zhao et al., "Estimating Human Pose Efficiently by Parallel Pyramid Networks").

Parallel branches at falling resolution, deeper and wider the coarser they are, fused and read out after each module.
`stem` (a width of its own, the paper's is 64) and the ratios are ours to vary; the defaults are the paper's.
"""

import math
import re
from dataclasses import dataclass
from typing import Literal, Self

import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate

from edgepose.profiles.errors import EdgeposeError
from edgepose.runtime.plumbing.field_checks import check_values
from edgepose.runtime.skeleton import Skeleton

_REGRESSOR_WIDTH = 32
_NAME = re.compile(r"ppnet-m(\d+)-d(\d+)-w(\d+)")


@dataclass(frozen=True)
class PPNetConfig:
    """PPNet's variants: `modules`, `depth` and `width` are the M, D and W of its name.

    `ratios` are the resolution steps between branches (the last is repeated for a fourth branch), `reintegrate` says
    whether a next module starts from the module's input (`paper`) or from the branches before fusion (`released`).
    """

    modules: int = 2
    depth: int = 2
    width: int = 32
    stem: int = 64
    block: Literal["residual", "bottleneck"] = "residual"
    ratios: Literal["2-2", "2-3", "3-2"] = "2-2"
    branches: int = 3
    depth_ratio: int = 2
    width_ratio: int = 2
    reintegrate: Literal["paper", "released"] = "paper"

    def __post_init__(self) -> None:
        numbers = dict.fromkeys(("modules", "depth", "width", "stem"), (1, math.inf))
        check_values(self, {**numbers, "branches": (3, 4), "depth_ratio": (1, 3), "width_ratio": (1, 3)})

    @classmethod
    def from_name(cls, name: str, **settings: object) -> Self:
        """Read `ppnet-mM-dD-wW`.

        Raises `EdgeposeError` when the name is of another form.
        """
        match = _NAME.fullmatch(name)
        if match is None:
            raise EdgeposeError(f"a PPNet is named like ppnet-m2-d2-w32; found {name!r}")
        modules, depth, width = (int(digits) for digits in match.groups())
        return cls(modules=modules, depth=depth, width=width, **settings)  # type: ignore[arg-type]

    @property
    def strides(self) -> tuple[int, ...]:
        """Resolution step from each branch to the next."""
        steps = [int(digit) for digit in self.ratios.split("-")]
        return tuple((steps + steps[-1:])[: self.branches - 1])

    @property
    def widths(self) -> tuple[int, ...]:
        """Width of each branch's blocks."""
        return tuple(self.width * self.width_ratio**i for i in range(self.branches))

    @property
    def depths(self) -> tuple[int, ...]:
        """Number of blocks in each branch."""
        return tuple(self.depth * self.depth_ratio**i for i in range(self.branches))

    @property
    def channels(self) -> tuple[int, ...]:
        """Channels that each branch carries."""
        return tuple(width * (4 if self.block == "bottleneck" else 1) for width in self.widths)


def conv_bn(kernel: int, stride: int, inputs: int, outputs: int, *, relu: bool = True) -> nn.Sequential:
    """Return convolution, batch norm and, on request, ReLU."""
    layers = [nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, bias=False), nn.BatchNorm2d(outputs)]
    return nn.Sequential(*layers, *([nn.ReLU()] if relu else []))


class Residual(nn.Module):
    """Add the input (projected where the channels differ) to what the layers make of it, then ReLU."""

    def __init__(self, layers: nn.Sequential, inputs: int, outputs: int) -> None:
        super().__init__()
        self.layers = layers
        self.shortcut = nn.Identity() if inputs == outputs else conv_bn(1, 1, inputs, outputs, relu=False)

    def forward(self, x: Tensor) -> Tensor:
        """Return (N, outputs, h, w)."""
        return torch.relu(self.layers(x) + self.shortcut(x))


def residual(channels: int) -> Residual:
    """Return two 3x3 convolutions with a shortcut."""
    layers = nn.Sequential(conv_bn(3, 1, channels, channels), conv_bn(3, 1, channels, channels, relu=False))
    return Residual(layers, channels, channels)


def bottleneck(inputs: int, width: int) -> Residual:
    """Return 1x1 down, 3x3, 1x1 up to four times the width, with a shortcut."""
    layers = nn.Sequential(
        conv_bn(1, 1, inputs, width), conv_bn(3, 1, width, width), conv_bn(1, 1, width, 4 * width, relu=False)
    )
    return Residual(layers, inputs, 4 * width)


def downsampling(inputs: int, outputs: int, strides: tuple[int, ...], *, last_relu: bool) -> nn.Sequential:
    """Return one strided 3x3 convolution per step; all but the last keep the channels and have a ReLU."""
    steps = [conv_bn(3, stride, inputs, inputs) for stride in strides[:-1]]
    return nn.Sequential(*steps, conv_bn(3, strides[-1], inputs, outputs, relu=last_relu))


def path_strides(config: PPNetConfig, start: int, end: int) -> tuple[int, ...]:
    """Return the steps from branch `start` down to `end`; a 3 comes before a 2."""
    return tuple(sorted(config.strides[start:end], reverse=True))


class Fusion(nn.Module):
    """Y_i = ReLU(sum over j of f_ij(X_j)): coarser branches come up (1x1, nearest neighbour), finer ones go down."""

    def __init__(self, config: PPNetConfig, outputs: int) -> None:
        super().__init__()
        channels = config.channels
        self.paths = nn.ModuleList(
            nn.ModuleList(self._path(config, source, target, channels) for source in range(config.branches))
            for target in range(outputs)
        )

    @staticmethod
    def _path(config: PPNetConfig, source: int, target: int, channels: tuple[int, ...]) -> nn.Module:
        if source == target:
            return nn.Identity()
        if source > target:
            return conv_bn(1, 1, channels[source], channels[target], relu=False)
        strides = path_strides(config, source, target)
        return downsampling(channels[source], channels[target], strides, last_relu=False)

    def forward(self, branches: list[Tensor]) -> list[Tensor]:
        """Return the fused branches."""
        fused = []
        for target, paths in enumerate(self.paths):
            size = branches[target].shape[2:]
            arrived = [path(x) for path, x in zip(paths, branches, strict=True)]  # type: ignore[call-overload]
            summed = arrived[0] if arrived[0].shape[2:] == size else interpolate(arrived[0], size=size)
            for x in arrived[1:]:
                summed = summed + (x if x.shape[2:] == size else interpolate(x, size=size))
            fused.append(torch.relu(summed))
        return fused


class Regressor(nn.Module):
    """Finest branch -> features F (N, C, h, w) and heatmaps (N, K, h, w)."""

    def __init__(self, channels: int, keypoints: int) -> None:
        super().__init__()
        self.features = conv_bn(1, 1, channels, channels)
        self.heatmaps = nn.Sequential(
            conv_bn(3, 1, channels, _REGRESSOR_WIDTH),
            conv_bn(3, 1, _REGRESSOR_WIDTH, _REGRESSOR_WIDTH),
            nn.Conv2d(_REGRESSOR_WIDTH, keypoints, 1),
        )

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Return (features, heatmaps)."""
        features = self.features(x)
        return features, self.heatmaps(features)


class PyramidModule(nn.Module):
    """Branches, fusion, regressor; all but the last module hand re-integrated branches on."""

    def __init__(self, config: PPNetConfig, keypoints: int, *, last: bool) -> None:
        super().__init__()
        self.branches = nn.ModuleList(
            nn.Sequential(
                *(
                    residual(channels) if config.block == "residual" else bottleneck(channels, width)
                    for _ in range(depth)
                )
            )
            for width, depth, channels in zip(config.widths, config.depths, config.channels, strict=True)
        )
        self.fusion = Fusion(config, 1 if last else config.branches)
        self.regressor = Regressor(config.channels[0], keypoints)
        self.from_released = config.reintegrate == "released"
        self.last = last
        if not last:
            self.features_back = nn.Conv2d(config.channels[0], config.channels[0], 1)
            self.heatmaps_back = nn.Conv2d(keypoints, config.channels[0], 1)

    def forward(self, inputs: list[Tensor]) -> tuple[list[Tensor], Tensor]:
        """Return the next module's branches (none from the last) and this one's heatmaps."""
        outputs = [branch(x) for branch, x in zip(self.branches, inputs, strict=True)]
        fused = self.fusion(outputs)
        features, heatmaps = self.regressor(fused[0])
        if self.last:
            return [], heatmaps
        base = outputs if self.from_released else inputs
        back = self.features_back(features) + self.heatmaps_back(heatmaps)
        return [base[0] + back, *(b + y for b, y in zip(base[1:], fused[1:], strict=True))], heatmaps


class PPNet(nn.Module):
    """Images (N, 3, H, W), normalised -> heatmaps (N, K, H/4, W/4) of every module, the prediction last."""

    def __init__(self, config: PPNetConfig, skeleton: Skeleton) -> None:
        super().__init__()
        self.config = config
        stem = config.stem
        self.stem = nn.Sequential(
            conv_bn(3, 2, 3, stem),
            conv_bn(3, 2, stem, stem),
            *(bottleneck(inputs, stem) for inputs in (stem, 4 * stem, 4 * stem, 4 * stem)),
        )
        self.transition = nn.ModuleList(
            [
                conv_bn(3, 1, 4 * stem, config.channels[0]),
                *(
                    downsampling(4 * stem, config.channels[i], path_strides(config, 0, i), last_relu=True)
                    for i in range(1, config.branches)
                ),
            ]
        )
        self.pyramid = nn.ModuleList(
            PyramidModule(config, len(skeleton), last=i == config.modules - 1) for i in range(config.modules)
        )
        self._initialise()

    def _initialise(self) -> None:
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.normal_(module.weight, std=0.001)
                if module.bias is not None:
                    nn.init.zeros_(module.bias)

    def forward(self, images: Tensor) -> list[Tensor]:
        """Return the heatmaps of every module."""
        x = self.stem(images)
        branches = [transition(x) for transition in self.transition]
        outputs = []
        for module in self.pyramid:
            branches, heatmaps = module(branches)
            outputs.append(heatmaps)
        return outputs
