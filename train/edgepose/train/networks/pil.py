"""PIL (Nie et al., "Human Pose Estimation with Parsing Induced Learner").

Two networks look at the image, one for pose and one for its parsing into body parts; the second one's features become
a convolution kernel of this very image, through which the first one's features go.
"""

import math
from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import Tensor, nn
from torch.nn.functional import conv2d, max_pool2d

from edgepose.profiles.errors import EdgeposeError
from edgepose.runtime.plumbing.field_checks import check_values
from edgepose.runtime.skeleton import Skeleton
from edgepose.train.networks.counting import CountedConvolution
from edgepose.train.networks.heatmap_layer import heatmap_layer
from edgepose.train.networks.hourglass import PreActivation, WideHourglass, conv_norm_relu
from edgepose.train.networks.ppnet import Residual, conv_bn

_CHANNELS = 256


@dataclass(frozen=True)
class PILConfig:
    """PIL's variants; the defaults are the paper's smallest, HG-1s-1u-PIL(HG-1s-1u).

    `stacks` and `units` (bottlenecks per place) are of the pose network, the others of the parsing network, which
    tells `classes` kinds of pixels apart (LIP's 20). `fusion` is how the parsing gets to the pose: `adaptive`
    convolution, `add`, `multiply` or `concat` of the features, `multi-task` (one network, two classifiers), or `none`.
    """

    stacks: int = 1
    units: int = 1
    parsing_stacks: int = 1
    parsing_units: int = 1
    classes: int = 20
    fusion: Literal["adaptive", "add", "multiply", "concat", "multi-task", "none"] = "adaptive"

    def __post_init__(self) -> None:
        numbers = dict.fromkeys(("stacks", "units", "parsing_stacks", "parsing_units"), (1, math.inf))
        check_values(self, {**numbers, "classes": (2, math.inf)})

    @property
    def parses_apart(self) -> bool:
        """Whether the parsing has a network of its own."""
        return self.fusion not in ("multi-task", "none")


class StackedHourglass(nn.Module):
    """Images (N, 3, H, W) -> features F (N, 256, H/4, W/4) and maps (N, `maps`, H/4, W/4) of every stack but the last.

    What is made of the last features is the caller's.
    """

    def __init__(self, stacks: int, units: int, maps: int) -> None:
        super().__init__()
        self.encoder = nn.Sequential(
            conv_norm_relu(7, 2, 3, 64),
            _post_activation(64, 128),
            nn.MaxPool2d(2),
            _post_activation(128, 128),
            PreActivation(128, _CHANNELS, bias=False),
        )
        self.hourglasses = nn.ModuleList(WideHourglass(_CHANNELS, units) for _ in range(stacks))
        self.features = nn.ModuleList(
            nn.Sequential(nn.BatchNorm2d(_CHANNELS), nn.ReLU(), conv_norm_relu(1, 1, _CHANNELS, _CHANNELS))
            for _ in range(stacks)
        )
        self.maps = nn.ModuleList(heatmap_layer(_CHANNELS, maps) for _ in range(stacks - 1))
        self.features_back = nn.ModuleList(nn.Conv2d(_CHANNELS, _CHANNELS, 1) for _ in range(stacks - 1))
        self.maps_back = nn.ModuleList(nn.Conv2d(maps, _CHANNELS, 1) for _ in range(stacks - 1))

    def forward(self, images: Tensor) -> tuple[Tensor, list[Tensor]]:
        """Return the last features, and the maps of the stacks before."""
        x = self.encoder(images)
        features, outputs = self.features[0](self.hourglasses[0](x)), []
        for i in range(len(self.maps)):
            outputs.append(self.maps[i](features))
            x = x + self.features_back[i](features) + self.maps_back[i](outputs[-1])
            features = self.features[i + 1](self.hourglasses[i + 1](x))
        return features, outputs


def _post_activation(inputs: int, outputs: int) -> Residual:
    """Return a bottleneck half as wide inside, with batch norm and ReLU after each convolution and the sum."""
    inner = outputs // 2
    layers = (conv_bn(1, 1, inputs, inner), conv_bn(3, 1, inner, inner), conv_bn(1, 1, inner, outputs, relu=False))
    return Residual(nn.Sequential(*layers), inputs, outputs)


class DynamicDepthwise(CountedConvolution):
    """Depthwise convolution of (N, C, h, w) with kernels (N, C, k, l) of the images' own; k and l are odd."""

    def forward(self, x: Tensor, kernels: Tensor) -> Tensor:
        """Return (N, C, h, w). The batch is folded into the groups: every image's channel is a group."""
        images, channels, height, width = x.shape
        rows, columns = kernels.shape[2:]
        folded = conv2d(
            x.reshape(1, images * channels, height, width),
            kernels.reshape(images * channels, 1, rows, columns),
            padding=(rows // 2, columns // 2),
            groups=images * channels,
        )
        return folded.reshape(images, channels, height, width)

    def macs_of(self, inputs: tuple[Tensor, ...], output: Tensor) -> int:
        """Return one multiply-accumulate for every cell of a kernel and value of the output."""
        return output.numel() * inputs[1][0, 0].numel()


class ParameterAdapter(nn.Module):
    """Parsing features (N, 256, h, w) -> kernels (N, 256, h/8 - 1, w/8 - 1), 7x7 for 64x64; h and w multiples of 16."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Conv2d(_CHANNELS, _CHANNELS, 3, stride=2)
        self.second = nn.Conv2d(_CHANNELS, _CHANNELS, 3, padding=1)
        self.third = nn.Conv2d(_CHANNELS, _CHANNELS, 3, padding=1)

    def forward(self, parsing: Tensor) -> Tensor:
        """Return the kernels."""
        kernels: Tensor = self.third(max_pool2d(self.second(max_pool2d(self.first(parsing), 2)), 2))
        return kernels


class AdaptiveConvolution(nn.Module):
    """F + ReLU(BN(U (theta * V F))): features and parsing features (N, 256, h, w) -> adapted ones, the same shape."""

    def __init__(self) -> None:
        super().__init__()
        self.adapter = ParameterAdapter()
        self.enter = nn.Conv2d(_CHANNELS, _CHANNELS, 1)
        self.depthwise = DynamicDepthwise()
        self.leave = conv_norm_relu(1, 1, _CHANNELS, _CHANNELS)

    def forward(self, features: Tensor, parsing: Tensor) -> Tensor:
        """Return the adapted features."""
        kernels = self.adapter(parsing)
        return features + self.leave(self.depthwise(self.enter(features), kernels))  # type: ignore[no-any-return]


class Arithmetic(nn.Module):
    """Features and parsing features added, multiplied, or side by side through a 1x1 convolution."""

    def __init__(self, fusion: str) -> None:
        super().__init__()
        self.fusion = fusion
        if fusion == "concat":
            self.project = conv_norm_relu(1, 1, 2 * _CHANNELS, _CHANNELS)

    def forward(self, features: Tensor, parsing: Tensor) -> Tensor:
        """Return features of the same shape."""
        if self.fusion == "concat":
            return self.project(torch.cat([features, parsing], dim=1))  # type: ignore[no-any-return]
        return features + parsing if self.fusion == "add" else features * parsing


class PIL(nn.Module):
    """Images (N, 3, H, W), normalised -> heatmaps (N, K, H/4, W/4) of every pose stack, the prediction last.

    Each stack also makes a map of the background, which the next one reads.
    """

    def __init__(self, config: PILConfig, skeleton: Skeleton) -> None:
        super().__init__()
        self.config = config
        self.keypoints = len(skeleton)
        self._keeps_parsing = False
        self.pose = StackedHourglass(config.stacks, config.units, self.keypoints + 1)
        self.heatmaps = heatmap_layer(_CHANNELS, self.keypoints + 1)
        for layer in (*self.pose.maps, self.heatmaps):
            nn.init.ones_(layer.bias[-1:])  # the background is nearly everywhere
        if config.fusion != "none":
            self.classes = nn.Conv2d(_CHANNELS, config.classes, 1)
        if config.parses_apart:
            self.parsing = StackedHourglass(config.parsing_stacks, config.parsing_units, config.classes)
            self.fuse = AdaptiveConvolution() if config.fusion == "adaptive" else Arithmetic(config.fusion)

    def reuse_parsing(self, trained: "PIL") -> None:
        """Take another network's parsing branch, adapter and classifier, for good: they no longer learn.

        Raises `EdgeposeError`, saying what differs, where the branch does not fit.
        """
        ours, theirs = (
            {name: getattr(n.config, name) for name in ("fusion", "classes", "parsing_stacks", "parsing_units")}
            for n in (self, trained)
        )
        if ours != theirs or not self.config.parses_apart:
            raise EdgeposeError(
                f"a parsing branch is reused by a network of the same {', '.join(ours)}, that has one of its own; "
                f"the trained one has {_listed(theirs)}, this one {_listed(ours)}"
            )
        for mine, other in zip(self.parsing_branch(), trained.parsing_branch(), strict=True):
            mine.load_state_dict(other.state_dict())
            mine.requires_grad_(requires_grad=False)
        self._keeps_parsing = True
        self.train(self.training)

    def train(self, mode: bool = True) -> "PIL":
        """Go into training mode, or out of it; a reused parsing branch stays as it is, its statistics too."""
        super().train(mode)
        if self._keeps_parsing:
            for module in self.parsing_branch():
                module.eval()
        return self

    def compile(self, *arguments: Any, **options: Any) -> None:
        """Have torch compile both networks, as `torch.nn.Module.compile` does one: training does not call `forward`."""
        for network in (self.pose, self.parsing) if self.config.parses_apart else (self.pose,):
            network.compile(*arguments, **options)

    def parsing_branch(self) -> list[nn.Module]:
        """Return what turns images into classes and kernels: all that does not read the pose."""
        adapter = [self.fuse.adapter] if isinstance(self.fuse, AdaptiveConvolution) else []
        return [self.parsing, self.classes, *adapter]

    def forward(self, images: Tensor) -> list[Tensor]:
        """Return the heatmaps of every pose stack."""
        return [maps[:, : self.keypoints] for maps in self.forward_both(images)[0]]

    def forward_both(self, images: Tensor) -> tuple[list[Tensor], list[Tensor]]:
        """Return maps of every pose stack (N, K + 1, h, w), the background's last, and of every parsing stack.

        Those are class scores (N, L, h, w) before softmax; there are none without parsing.
        """
        features, maps = self.pose(images)
        if self.config.fusion == "none":
            return [*maps, self.heatmaps(features)], []
        parsing, classes = self.parsing(images) if self.config.parses_apart else (features, [])
        adapted = self.fuse(features, parsing) if self.config.parses_apart else features
        return [*maps, self.heatmaps(adapted)], [*classes, self.classes(parsing)]


def _listed(values: dict[str, object]) -> str:
    return ", ".join(f"{name} {value}" for name, value in values.items())
