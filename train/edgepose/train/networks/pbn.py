"""PBN (Tang & Wu, "Does Learning Specific Features for Related Parts Help Human Pose Estimation?").

Stacked hourglasses whose features are shared by all joints up to the last layers; from there every group of related
joints has a branch of its own.
"""

import math
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn

from edgepose.profiles.errors import EdgeposeError
from edgepose.runtime.plumbing.field_checks import check_range, check_values
from edgepose.runtime.skeleton import Skeleton
from edgepose.train.networks.heatmap_layer import heatmap_layer
from edgepose.train.networks.hourglass import Hourglass, PreActivation, conv_norm_relu, residuals
from edgepose.train.networks.joint_groups import HANDCRAFTED, joint_groups

_CHANNELS = 256


@dataclass(frozen=True)
class PBNConfig:
    """PBN's variants; the defaults are the paper's largest.

    `width` and `depth` are a branch's channels and bottlenecks. `groups` is `stat` (the statistics of labelled
    poses), a number of such groups, `body` (by hand), `overlap` (by hand, limbs with the joints that they hang on) or
    groups of one's own, as `write_groups` has them.
    `baseline` has no branches: one 1x1 convolution for all joints (`plain`), or a bottleneck before it (`deep`).
    """

    stacks: int = 8
    width: int = 64
    depth: int = 1
    groups: int | str = "stat"
    baseline: Literal["none", "deep", "plain"] = "none"

    def __post_init__(self) -> None:
        check_values(self, {"stacks": (1, math.inf), "depth": (1, math.inf), "width": (2, math.inf)})
        if isinstance(self.groups, int):
            check_range("groups", self.groups, 1, math.inf)
        if (
            isinstance(self.groups, str)
            and self.groups not in ("stat", *HANDCRAFTED)
            and not set(self.groups) & set(",/")
        ):
            raise EdgeposeError(
                f"groups is {', '.join(('stat', *HANDCRAFTED))}, a whole number or the joints of each group, as in "
                f"head,neck/r_wrist,r_elbow; found {self.groups!r}"
            )


class Branches(nn.Module):
    """Shared features (N, 256, h, w) -> heatmaps (N, K, h, w), a branch for every group of joints.

    A joint of several groups gets the mean of its maps.
    """

    gathers: Tensor

    def __init__(self, config: PBNConfig, groups: tuple[tuple[int, ...], ...]) -> None:
        super().__init__()
        self.branches = nn.ModuleList(
            nn.Sequential(
                conv_norm_relu(1, 1, _CHANNELS, config.width),
                residuals(config.width, config.depth),
                heatmap_layer(config.width, len(group)),
            )
            for group in groups
        )
        # a gather along the channels: indexing by a list would export as transpositions about it
        self.register_buffer("gathers", torch.tensor(_gathers(groups)), persistent=False)

    def forward(self, features: Tensor) -> Tensor:
        """Return the heatmaps in the skeleton's order."""
        maps = torch.cat([branch(features) for branch in self.branches], dim=1)
        first, *others = (maps.index_select(1, rows) for rows in self.gathers)
        return torch.stack([first, *others]).mean(dim=0) if others else first


def _gathers(groups: tuple[tuple[int, ...], ...]) -> list[list[int]]:
    """Return one list or more of K rows of the branches' maps, whose mean is every joint's mean.

    A joint that occurs less often than another is repeated to make up for it.
    """
    occurring = [joint for group in groups for joint in group]
    rows: list[list[int]] = [[] for _ in range(max(occurring) + 1)]
    for row, joint in enumerate(occurring):
        rows[joint].append(row)
    repeats = math.lcm(*(len(r) for r in rows))
    return [[r[i % len(r)] for r in rows] for i in range(repeats)]


class PBNStack(nn.Module):
    """An hourglass, its shared features and what they become: (N, 256, h, w) -> (the next input, heatmaps)."""

    def __init__(self, config: PBNConfig, skeleton: Skeleton, *, last: bool) -> None:
        super().__init__()
        self.hourglass = Hourglass(_CHANNELS)
        self.shared = nn.Sequential(residuals(_CHANNELS, 1), conv_norm_relu(1, 1, _CHANNELS, _CHANNELS))
        self.heatmaps = _head(config, skeleton)
        self.last = last
        if not last:
            self.features_back = nn.Conv2d(_CHANNELS, _CHANNELS, 1)
            self.heatmaps_back = nn.Conv2d(len(skeleton), _CHANNELS, 1)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Return what the next stack reads (the last: its features) and this one's heatmaps."""
        shared = self.shared(self.hourglass(x))
        heatmaps = self.heatmaps(shared)
        if self.last:
            return shared, heatmaps
        return x + self.features_back(shared) + self.heatmaps_back(heatmaps), heatmaps


def _head(config: PBNConfig, skeleton: Skeleton) -> nn.Module:
    if config.baseline == "none":
        return Branches(config, joint_groups(skeleton, config.groups))
    plain = heatmap_layer(_CHANNELS, len(skeleton))
    return plain if config.baseline == "plain" else nn.Sequential(residuals(_CHANNELS, 1), plain)


class PBN(nn.Module):
    """Images (N, 3, H, W), normalised -> heatmaps (N, K, H/4, W/4) of every stack, the prediction last."""

    def __init__(self, config: PBNConfig, skeleton: Skeleton) -> None:
        super().__init__()
        self.config = config
        self.stem = nn.Sequential(
            conv_norm_relu(3, 1, 3, 64),
            nn.MaxPool2d(2),
            conv_norm_relu(3, 1, 64, 64),
            conv_norm_relu(3, 1, 64, 64),
            PreActivation(64, 128),
            nn.MaxPool2d(2),
            PreActivation(128, 128),
            PreActivation(128, _CHANNELS),
        )
        self.stacks = nn.ModuleList(
            PBNStack(config, skeleton, last=i == config.stacks - 1) for i in range(config.stacks)
        )

    def forward(self, images: Tensor) -> list[Tensor]:
        """Return the heatmaps of every stack."""
        x = self.stem(images)
        outputs = []
        for stack in self.stacks:
            x, heatmaps = stack(x)
            outputs.append(heatmaps)
        return outputs
