"""Accuracy of a network during training: PCK@0.2 over a data set, from plain crops."""

from torch import nn

from edgepose.runtime.codec import HeatmapCodec
from edgepose.runtime.skeleton import Skeleton
from edgepose.train.data.pose_dataset import PoseDataset
from edgepose.train.metrics.pck import pck, torso_px
from edgepose.train.prediction import decoded, predict_people
from edgepose.train.session import network_predictor


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
    predict = decoded(network_predictor(network, bf16=bf16), codec)
    people = predict_people(predict, dataset, skeleton, codec.input_wh, padding, batch=batch)
    return pck(people.found, people.truth, torso_px(people.truth, skeleton))[0]
