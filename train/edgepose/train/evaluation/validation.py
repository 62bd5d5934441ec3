"""Accuracy of a network during training: PCK@0.2 over a data set, from plain crops."""

import math

from torch import nn

from edgepose.runtime.codecs.heatmap import HeatmapCodec
from edgepose.runtime.skeleton import Skeleton
from edgepose.train.checkpoints.session import network_predictor
from edgepose.train.data.pose_dataset import PoseDataset
from edgepose.train.evaluation.prediction import decoded, predict_people
from edgepose.train.metrics.pck import pck, torso_px
from edgepose.train.processes.spread import Spread


def validate_pck(
    network: nn.Module,
    dataset: PoseDataset,
    skeleton: Skeleton,
    codec: HeatmapCodec,
    padding: float,
    *,
    bf16: bool,
    batch: int = 64,
    spread: Spread = map,
) -> tuple[float, dict[str, float]]:
    """Return PCK@0.2 (torso) in percent, of all joints and of each that the data has.

    The box of each person is the data's, widened by `padding`; `spread` as in `predict_people`.
    """
    predict = decoded(network_predictor(network, bf16=bf16), codec)
    people = predict_people(predict, dataset, skeleton, codec.input_wh, padding, batch=batch, spread=spread)
    overall, of_joints = pck(people.found, people.truth, torso_px(people.truth, skeleton), 0.2)
    each = zip(skeleton.joints, of_joints.tolist(), strict=True)
    return overall, {joint: value for joint, value in each if math.isfinite(value)}
