"""Simple Pose (Li et al., "Simple Pose: Rethinking and Improving a Bottom-up Approach ...").

Stacked hourglasses that give maps of limbs and keypoints at every resolution, each stage helped by what the one before
saw at the same resolution. Only the finest maps of the last stage are the prediction.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Literal

from torch import Tensor, nn
from torch.nn.functional import max_pool2d

from edgepose.profiles.errors import EdgeposeError
from edgepose.runtime.body_parts import SIMPLE_POSE, SIMPLE_POSE_TREE, BodyParts
from edgepose.runtime.plumbing.field_checks import check_values
from edgepose.runtime.skeleton import Skeleton
from edgepose.train.networks.heatmap_layer import heatmap_layer
from edgepose.train.networks.hourglass import doubled

_SLOPE = 0.01
_SQUEEZE = 16
_MOST_HALVINGS = 4


@dataclass(frozen=True)
class SimplePoseConfig:
    """Simple Pose's variants; the defaults are the paper's with three stages.

    Features have `width` channels at a quarter of the input and `step` more after each of `order` halvings. What the
    paper leaves out to see what it is worth: the limbs beyond a tree, the attention of each scale to its channels, and
    the features and maps that a stage hands to the next one at each scale.
    """

    stages: int = 3
    width: int = 256
    step: int = 128
    order: int = 4
    redundant_limbs: Literal["yes", "no"] = "yes"
    squeeze_excitation: Literal["yes", "no"] = "yes"
    identity_mappings: Literal["yes", "no"] = "yes"

    def __post_init__(self) -> None:
        check_values(self, {"stages": (1, math.inf), "order": (1, _MOST_HALVINGS), "width": (16, math.inf)})
        if self.width % 4:
            raise EdgeposeError(f"width is a multiple of 4; found {self.width}")

    @property
    def channels(self) -> tuple[int, ...]:
        """The width of the features at each scale, the finest first."""
        return tuple(self.width + self.step * halving for halving in range(self.order + 1))

    @property
    def parts(self) -> BodyParts:
        """The limbs and keypoints that it sees."""
        return SIMPLE_POSE if self.redundant_limbs == "yes" else SIMPLE_POSE_TREE


def _conv(kernel: int, inputs: int, outputs: int, stride: int = 1, *, active: bool = True) -> nn.Sequential:
    """Return convolution, batch norm and, where `active`, LeakyReLU."""
    convolution = nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, bias=False)
    layers: list[nn.Module] = [convolution, nn.BatchNorm2d(outputs)]
    return nn.Sequential(*layers, *[nn.LeakyReLU(_SLOPE)] * active)


class Bottleneck(nn.Module):
    """1x1, 3x3 and 1x1 convolution, half as wide inside, added to the input: (N, `inputs`, h, w) -> `outputs`."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        inner = outputs // 2
        self.layers = nn.Sequential(
            _conv(1, inputs, inner), _conv(3, inner, inner), _conv(1, inner, outputs, active=False)
        )
        self.shortcut = nn.Identity() if inputs == outputs else _conv(1, inputs, outputs, active=False)
        self.active = nn.LeakyReLU(_SLOPE)

    def forward(self, x: Tensor) -> Tensor:
        """Return (N, outputs, h, w)."""
        return self.active(self.layers(x) + self.shortcut(x))  # type: ignore[no-any-return]


class ScaledHourglass(nn.Module):
    """A U with one 3x3 convolution at each place (section 4.1): (N, C, h, w) -> its features at every scale.

    Coarser features are wider. h and w are multiples of 2^order.
    """

    def __init__(self, channels: tuple[int, ...]) -> None:
        super().__init__()
        fine, pairs = channels[:-1], list(pairwise(channels))
        self.skips = nn.ModuleList(_conv(3, c, c, active=False) for c in fine)
        self.down = nn.ModuleList(_conv(3, c, coarser) for c, coarser in pairs)
        self.bottom = _conv(3, channels[-1], channels[-1])
        self.back = nn.ModuleList(_conv(3, coarser, c) for c, coarser in reversed(pairs))
        self.up = nn.ModuleList(nn.Sequential(_conv(3, c, c), _conv(3, c, c, active=False)) for c in reversed(fine))
        self.active = nn.LeakyReLU(_SLOPE)

    def forward(self, x: Tensor) -> list[Tensor]:
        """Return features (N, c_i, h / 2^i, w / 2^i), the finest first."""
        kept = []
        for skip, down in zip(self.skips, self.down, strict=True):
            kept.append(skip(x))
            x = down(max_pool2d(x, 2))
        features = [self.bottom(x)]
        for back, up in zip(self.back, self.up, strict=True):
            features.insert(0, self.active(kept.pop() + up(doubled(back(features[0])))))
        return features


class SqueezeExcitation(nn.Module):
    """Each channel times a factor between 0 and 1 that all of them decide together, from their means."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        inner = max(channels // _SQUEEZE, 4)
        self.factors = nn.Sequential(
            nn.Conv2d(channels, inner, 1), nn.LeakyReLU(_SLOPE), nn.Conv2d(inner, channels, 1), nn.Sigmoid()
        )

    def forward(self, x: Tensor) -> Tensor:
        """Return (N, C, h, w)."""
        return x * self.factors(x.mean(dim=(2, 3), keepdim=True))  # type: ignore[no-any-return]


class Head(nn.Module):
    """What a stage makes of its features at one scale: maps, and what it hands on to the next stage."""

    def __init__(self, channels: int, config: SimplePoseConfig, *, hands_on: bool) -> None:
        super().__init__()
        width, maps = config.width, config.parts.maps
        self.attention = SqueezeExcitation(channels) if config.squeeze_excitation == "yes" else nn.Identity()
        self.features = nn.Sequential(_conv(1, channels, width), _conv(3, width, width), _conv(3, width, width))
        self.maps = heatmap_layer(width, maps)
        self.hands_on = hands_on
        if hands_on:
            self.features_on = _conv(1, width, channels, active=False)
            self.maps_on = _conv(1, maps, channels, active=False)

    def forward(self, x: Tensor, cache: Tensor | None) -> tuple[Tensor, Tensor | None]:
        """Return maps (N, C, h, w) and the next stage's cache; `cache` is what the stage before handed on."""
        attended = self.attention(x)
        features = self.features(attended if cache is None else attended + cache)
        maps = self.maps(features)
        return maps, self.features_on(features) + self.maps_on(maps) if self.hands_on else None


class Stage(nn.Module):
    """An hourglass with a head at every scale."""

    def __init__(self, config: SimplePoseConfig, *, last: bool) -> None:
        super().__init__()
        self.takes_caches = config.identity_mappings == "yes"
        self.hourglass = ScaledHourglass(config.channels)
        self.heads = nn.ModuleList(
            Head(channels, config, hands_on=not last and (scale == 0 or self.takes_caches))
            for scale, channels in enumerate(config.channels)
        )

    def forward(
        self, x: Tensor, caches: Sequence[Tensor | None], scales: int
    ) -> tuple[Tensor, list[Tensor], list[Tensor | None]]:
        """Return the next stage's input, and the maps and caches of the first `scales` scales, the finest first."""
        features = self.hourglass(x)
        taken = caches if self.takes_caches else [None] * scales
        made = [head(f, cache) for head, f, cache in zip(self.heads, features[:scales], taken, strict=False)]
        maps, handed_on = [each[0] for each in made], [each[1] for each in made]
        return x if handed_on[0] is None else x + handed_on[0], maps, handed_on


class SimplePose(nn.Module):
    """Images (N, 3, H, W), normalised -> maps (N, C, H/4, W/4) of every stage, the prediction last.

    Training asks `every_scale`; what only that needs is not computed otherwise. Raises `EdgeposeError` for a skeleton
    other than its own.
    """

    def __init__(self, config: SimplePoseConfig, skeleton: Skeleton) -> None:
        super().__init__()
        if skeleton != config.parts.skeleton:
            raise EdgeposeError(
                f"Simple Pose's limbs are those of {config.parts.skeleton.name}; found {skeleton.name}; "
                "data of other skeletons is rearranged, so leave --skeleton out"
            )
        self.config = config
        width = config.width
        self.stem = nn.Sequential(
            _conv(7, 3, width // 4, stride=2),
            Bottleneck(width // 4, width // 2),
            nn.MaxPool2d(2),
            Bottleneck(width // 2, width // 2),
            Bottleneck(width // 2, width),
        )
        self.stages = nn.ModuleList(Stage(config, last=i == config.stages - 1) for i in range(config.stages))

    def compile(self, *arguments: Any, **options: Any) -> None:
        """Have torch compile every stage, as `torch.nn.Module.compile` does: training does not call `forward`."""
        for part in (self.stem, *self.stages):
            part.compile(*arguments, **options)

    def forward(self, images: Tensor) -> list[Tensor]:
        """Return the finest maps of every stage."""
        return [maps[0] for maps in self._maps(images, scales=1)]

    def every_scale(self, images: Tensor) -> list[list[Tensor]]:
        """Return, for every stage, its maps at every scale, the finest first: (N, C, H / 4 / 2^i, W / 4 / 2^i)."""
        return self._maps(images, scales=len(self.config.channels))

    def _maps(self, images: Tensor, scales: int) -> list[list[Tensor]]:
        x, outputs = self.stem(images), []
        caches: list[Tensor | None] = [None] * scales
        for stage in self.stages:
            x, maps, caches = stage(x, caches, scales)
            outputs.append(maps)
        return outputs
