"""RePose (Isack et al., "RePose: Learning Deep Kinematic Priors for Fast Human Pose Estimation").

A U-shaped network whose coarsest features are split per keypoint and refined along the kinematic graph. The ReLU that
the paper puts on its heatmaps is left out: it can start dead and then never trains; decoding clips at zero instead.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal, cast

import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate

from edgepose.profiles.errors import EdgeposeError
from edgepose.runtime.plumbing.field_checks import check_choice, check_values
from edgepose.runtime.skeleton import Skeleton
from edgepose.train.networks.heatmap_layer import heatmap_layer
from edgepose.train.networks.kinematics import KinematicGraph


@dataclass(frozen=True)
class RePoseConfig:
    """RePose's variants; the defaults are the paper's.

    `width` is the paper's C (64), a keypoint's own features have half of it. `coarsest` is the side in cells at which
    the updates run, `blocks` the depth of g, `update` how its result enters, `head` the one after the updates. `order`
    is where the first pass goes: from the hips outward, or from the head and wrists inward; the second goes back.
    `stride` is how many pixels a cell of the prediction is wide, 1 in the paper: above it strided blocks come first and
    the U begins on their smaller map, which costs little where the paper's costs most.
    """

    input_px: int = 128
    coarsest: int = 16
    blocks: int = 4
    update: Literal["trainable", "add", "replace"] = "trainable"
    head: Literal["per-keypoint", "joint"] = "per-keypoint"
    stacks: int = 1
    width: int = 64
    order: Literal["outward", "inward"] = "outward"
    stride: int = 1

    def __post_init__(self) -> None:
        check_values(self, {"blocks": (1, 5), "stacks": (1, math.inf), "width": (8, math.inf)})
        for name, known in (("coarsest", (8, 16, 32)), ("stride", (1, 2, 4))):
            check_choice(name, getattr(self, name), known)
        cells = self.input_px / self.stride
        steps = math.log2(cells / self.coarsest)
        if steps < 1 or steps != int(steps):
            raise EdgeposeError(
                f"RePose halves its input down to {self.coarsest} cells; {self.input_px} px at a stride of "
                f"{self.stride} are {cells:g} cells, no power of two of it"
            )

    @property
    def downsamplings(self) -> int:
        """How often a U halves its resolution."""
        return int(math.log2(self.input_px / self.stride / self.coarsest))


def block(kernel: int, stride: int, inputs: int, outputs: int, groups: int = 1) -> nn.Sequential:
    """Return the paper's building block: convolution, ReLU, batch norm, in this order."""
    convolution = nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, groups=groups, bias=False)
    return nn.Sequential(convolution, nn.ReLU(), nn.BatchNorm2d(outputs))


def blocks(count: int, inputs: int, width: int, groups: int = 1) -> nn.Sequential:
    """Return `count` 3x3 blocks, the first from `inputs` channels."""
    return nn.Sequential(*(block(3, 1, inputs if i == 0 else width, width, groups) for i in range(count)))


class LevelUpdate(nn.Module):
    """Updates of joints that do not read each other, side by side as grouped convolutions."""

    def __init__(self, joints: Sequence[int], graph: KinematicGraph, width: int, config: RePoseConfig) -> None:
        super().__init__()
        self.joints = list(joints)
        self.neighbours = [list(graph.neighbours[joint]) for joint in joints]
        self.gather = nn.ModuleList(nn.Conv2d(width * (1 + len(n)), width, 1, bias=False) for n in self.neighbours)
        self.gather_norm = nn.Sequential(nn.ReLU(), nn.BatchNorm2d(width * len(joints)))
        self.refine = blocks(config.blocks, width * len(joints), width * len(joints), groups=len(joints))
        self.update = config.update
        if config.update == "trainable":
            self.scale = nn.Parameter(torch.ones(len(joints)))

    def forward(self, features: list[Tensor]) -> None:
        """Replace the features (N, D, h, w) of this level's joints in the list."""
        gathered = [
            convolution(torch.cat([features[joint], *(features[n] for n in near)], dim=1))
            for joint, near, convolution in zip(self.joints, self.neighbours, self.gather, strict=True)
        ]
        refined = self.refine(self.gather_norm(torch.cat(gathered, dim=1))).chunk(len(self.joints), dim=1)
        for i, joint in enumerate(self.joints):
            features[joint] = self._updated(features[joint], refined[i], i)

    def _updated(self, old: Tensor, new: Tensor, i: int) -> Tensor:
        if self.update == "replace":
            return new
        return old + (self.scale[i] * new if self.update == "trainable" else new)


class KeypointHead(nn.Module):
    """One small head per keypoint, run side by side: features K x D -> features K x D and K heatmaps."""

    def __init__(self, keypoints: int, width: int) -> None:
        super().__init__()
        self.features = blocks(4, keypoints * width, keypoints * width, groups=keypoints)
        self.heatmaps = heatmap_layer(keypoints * width, keypoints, 3, groups=keypoints)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Return (features, heatmaps)."""
        features = self.features(x)
        return features, self.heatmaps(features)


class KinematicCore(nn.Module):
    """The coarsest level: decouple, update along the graph twice, join again."""

    def __init__(self, config: RePoseConfig, skeleton: Skeleton) -> None:
        super().__init__()
        keypoints, width, own = len(skeleton), config.width, config.width // 2
        self.keypoints = keypoints
        self.decouple = nn.Sequential(
            block(1, 1, width, keypoints * own), blocks(4, keypoints * own, keypoints * own, groups=keypoints)
        )
        self.pre_head = KeypointHead(keypoints, own)
        outward = KinematicGraph.of(skeleton)
        graph = outward if config.order == "outward" else outward.reversed()
        levels = [(graph, level) for level in graph.levels()]
        levels += [(graph.reversed(), level) for level in graph.reversed().levels()]
        self.updates = nn.ModuleList(LevelUpdate(level, walked, own, config) for walked, level in levels)
        self.joint_head = config.head == "joint"
        if not self.joint_head:
            self.post_head = KeypointHead(keypoints, own)
        self.join = block(3, 1, keypoints * own, width)
        if self.joint_head:
            self.heatmaps = heatmap_layer(width, keypoints, 3)

    def forward(self, x: Tensor) -> tuple[Tensor, list[Tensor]]:
        """Return features (N, C, h, w) and the heatmaps before and after the updates."""
        decoupled = self.decouple(x)
        _, pre = self.pre_head(decoupled)
        features = list(decoupled.chunk(self.keypoints, dim=1))
        for update in self.updates:
            update(features)
        updated = torch.cat(features, dim=1)
        if self.joint_head:
            joined = self.join(updated)
            return joined, [pre, self.heatmaps(joined)]
        updated, post = self.post_head(updated)
        return self.join(updated), [pre, post]


class DecoderStep(nn.Module):
    """Double the resolution, take in the skip, predict."""

    def __init__(self, width: int, keypoints: int) -> None:
        super().__init__()
        self.project = block(1, 1, 2 * width, width)
        self.features = blocks(4, width, width)
        self.heatmaps = heatmap_layer(width, keypoints, 3)

    def forward(self, x: Tensor, skip: Tensor) -> tuple[Tensor, Tensor]:
        """Return (features, heatmaps) at the skip's resolution."""
        doubled = interpolate(x, scale_factor=2.0, mode="bilinear", align_corners=False)
        features = self.features(self.project(torch.cat([doubled, skip], dim=1)))
        return features, self.heatmaps(features)


class Stack(nn.Module):
    """One U: encoder, kinematic core, decoder. A later stack also reads its predecessor's decoder features."""

    def __init__(self, config: RePoseConfig, skeleton: Skeleton, *, first: bool) -> None:
        super().__init__()
        width, steps, keypoints = config.width, config.downsamplings, len(skeleton)
        inner = width if first else 2 * width
        seen = width if config.stride > 1 else 3
        self.entry = blocks(4, seen if first else width + keypoints, width)
        self.down = nn.ModuleList(block(5, 2, inner, width) for _ in range(steps))
        self.coarse = blocks(4, inner, width)
        self.core = KinematicCore(config, skeleton)
        self.up = nn.ModuleList(DecoderStep(width, keypoints) for _ in range(steps))

    def forward(self, x: Tensor, previous: Sequence[Tensor]) -> tuple[list[Tensor], list[Tensor]]:
        """Return decoder features and heatmaps, both from coarse to fine; the core's two heatmaps come first.

        `previous` holds the last stack's decoder features from coarse to fine, or nothing.
        """
        x = self.entry(x)
        skips = []
        for i, down in enumerate(self.down):
            skips.append(x)
            x = down(torch.cat([x, previous[-1 - i]], dim=1) if previous else x)
        x = self.coarse(torch.cat([x, previous[0]], dim=1) if previous else x)
        x, heatmaps = self.core(x)
        decoded = [x]
        for up, skip in zip(self.up, reversed(skips), strict=True):
            x, finer = up(x, skip)
            decoded.append(x)
            heatmaps.append(finer)
        return decoded, heatmaps


class RePose(nn.Module):
    """Images (N, 3, n, n), normalised -> heatmaps of every supervised output, coarse to fine, the prediction last."""

    def __init__(self, config: RePoseConfig, skeleton: Skeleton) -> None:
        super().__init__()
        self.config = config
        channels = {1: [3], 2: [3, config.width], 4: [3, config.width // 2, config.width]}[config.stride]
        self.stem = nn.Sequential(*(block(5, 2, inputs, outputs) for inputs, outputs in pairwise(channels)))
        self.stacks = nn.ModuleList(Stack(config, skeleton, first=i == 0) for i in range(config.stacks))

    def forward(self, images: Tensor) -> list[Tensor]:
        """Return the heatmaps (N, K, h, w), each at its own resolution."""
        outputs: list[Tensor] = []
        decoded: list[Tensor] = []
        x = self.stem(images)
        for stack in self.stacks:
            x = torch.cat([decoded[-1], outputs[-1]], dim=1) if decoded else x
            decoded, heatmaps = cast("tuple[list[Tensor], list[Tensor]]", stack(x, decoded))
            outputs += heatmaps
        return outputs
