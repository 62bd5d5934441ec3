"""Accuracy of a network during training: PCK@0.2 over a data set, from plain crops."""

import numpy as np
import torch
from torch import nn

from edgepose.runtime.arrays import FloatArray
from edgepose.runtime.codec import HeatmapCodec
from edgepose.runtime.geometry import invert_affine, transform_points
from edgepose.runtime.skeleton import Skeleton
from edgepose.train.data.augment import plain_crop
from edgepose.train.data.crops import in_skeleton
from edgepose.train.data.pose_dataset import PoseDataset
from edgepose.train.metrics.pck import pck, torso_px
from edgepose.train.networks import DeployNetwork


@torch.no_grad()
def validate_pck(
    network: nn.Module,
    dataset: PoseDataset,
    skeleton: Skeleton,
    codec: HeatmapCodec,
    padding: float,
    *,
    bf16: bool,
    batch: int = 64,
) -> float:
    """Return PCK@0.2 (torso) in percent; the box of each person is the data's, widened by `padding`."""
    deployed = DeployNetwork(network).eval()
    device = next(network.parameters()).device
    found, truth = [], []
    for start in range(0, len(dataset), batch):
        samples = [in_skeleton(dataset, i, skeleton) for i in range(start, min(start + batch, len(dataset)))]
        crops = [plain_crop(sample, codec.input_wh, padding) for sample in samples]
        images = torch.from_numpy(np.stack([crop.image_rgb for crop, _ in crops])).to(device)
        with torch.autocast(device.type, torch.bfloat16, enabled=bf16):
            heatmaps = deployed(images)
        keypoints, _ = codec.decode(heatmaps.float().cpu().numpy())
        found += [transform_points(invert_affine(affine), k) for (_, affine), k in zip(crops, keypoints, strict=True)]
        truth += [sample.keypoints for sample in samples]
    true_keypoints: FloatArray = np.stack(truth)
    return pck(np.stack(found), true_keypoints, torso_px(true_keypoints, skeleton))[0]
