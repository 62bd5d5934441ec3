"""RePose's kinematic core over all keypoints at once: slices and joins of many small tensors stay outside XNNPACK."""

import re

import torch
from torch import Tensor, nn

from edgepose.train.networks.repose import KinematicCore, LevelUpdate

_GATHERED = re.compile(r"\.gather\.\d+$")


def merged_name(module: str) -> str:
    """Return which convolution does the work of one of the network's: a level's gathering ones become one."""
    return _GATHERED.sub(".gather.0", module)


def merge_cores(network: nn.Module) -> None:
    """Replace the kinematic cores of a network, which is changed, by `MergedCore`s."""
    for parent in list(network.modules()):
        for name, child in list(parent.named_children()):
            if isinstance(child, KinematicCore):
                setattr(parent, name, MergedCore(child))


class MergedCore(nn.Module):
    """What a kinematic core computes, on features (N, K D, h, w) that stay one tensor; a copy that shares weights."""

    def __init__(self, core: KinematicCore) -> None:
        super().__init__()
        self.decouple = core.decouple
        self.updates = nn.Sequential(*(MergedUpdate(level, core.keypoints) for level in core.updates))
        self.post_head = None if core.joint_head else core.post_head
        self.join = core.join
        self.heatmaps = core.heatmaps if core.joint_head else None

    def forward(self, x: Tensor) -> tuple[Tensor, list[Tensor]]:
        """Return features (N, C, h, w) and the heatmaps after the updates."""
        updated = self.updates(self.decouple(x))
        if self.post_head is None:
            joined = self.join(updated)
            assert self.heatmaps is not None
            return joined, [self.heatmaps(joined)]
        updated, heatmaps = self.post_head(updated)
        return self.join(updated), [heatmaps]


class MergedUpdate(nn.Module):
    """A level's update on features (N, K D, h, w): one convolution reads for all its joints, another writes back."""

    kept: Tensor | None

    def __init__(self, level: nn.Module, keypoints: int) -> None:
        super().__init__()
        assert isinstance(level, LevelUpdate)
        relu, norm = level.gather_norm
        assert isinstance(norm, nn.BatchNorm2d)
        width = norm.num_features // len(level.joints)
        self.gather = nn.Sequential(_gathering(level, keypoints, width), relu, norm)
        self.refine = level.refine
        self.write = _writing(level, keypoints, width)
        kept = norm.weight.detach().new_ones(1, keypoints, width)
        kept[:, level.joints] = 0
        self.register_buffer("kept", kept.view(1, -1, 1, 1) if level.update == "replace" else None)

    def forward(self, features: Tensor) -> Tensor:
        """Return the features, updated."""
        written: Tensor = self.write(self.refine(self.gather(features)))
        return written + (features if self.kept is None else features * self.kept)


@torch.no_grad()
def _gathering(level: LevelUpdate, keypoints: int, width: int) -> nn.Conv2d:
    """Return one convolution for those of all joints, with zeros for what a joint does not read."""
    joints = len(level.joints)
    weight = level.gather[0].get_parameter("weight").new_zeros(joints, width, keypoints, width)
    for i, (joint, near) in enumerate(zip(level.joints, level.neighbours, strict=True)):
        own = level.gather[i].get_parameter("weight").view(width, 1 + len(near), width)
        weight[i][:, [joint, *near]] = own
    return _pointwise(weight.view(joints * width, keypoints * width, 1, 1))


@torch.no_grad()
def _writing(level: LevelUpdate, keypoints: int, width: int) -> nn.Conv2d:
    """Return the convolution that puts each joint's result where its features are, times the joint's scale."""
    joints = len(level.joints)
    scale = level.scale if level.update == "trainable" else torch.ones(joints)
    weight = level.gather[0].get_parameter("weight").new_zeros(keypoints, width, joints, width)
    for i, joint in enumerate(level.joints):
        weight[joint, :, i] = scale[i] * torch.eye(width)
    return _pointwise(weight.view(keypoints * width, joints * width, 1, 1))


def _pointwise(weight: Tensor) -> nn.Conv2d:
    convolution = nn.Conv2d(weight.shape[1], weight.shape[0], 1, bias=False)
    convolution.weight = nn.Parameter(weight, requires_grad=False)
    return convolution
