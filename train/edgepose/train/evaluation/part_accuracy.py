"""How well a network tells the parts of a body apart, from the crops that it finds the joints in."""

from collections.abc import Callable

import numpy as np

from edgepose.runtime.arrays import Array, ImageArray
from edgepose.train.data.part_labels import PART_CLASSES, PART_LABELS
from edgepose.train.data.pose_dataset import PoseDataset
from edgepose.train.evaluation.prediction import person_crop
from edgepose.train.metrics.miou import intersection_over_union, part_counts
from edgepose.train.processes.spread import Spread, batches

PartPredictor = Callable[[ImageArray], ImageArray]
"""Crops uint8 RGB (N, h, w, 3) -> the part class of every pixel, uint8 (N, h, w)."""


def part_accuracy(
    predict: PartPredictor,
    dataset: PoseDataset,
    input_wh: tuple[int, int],
    padding: float,
    *,
    box: str = "data",
    batch: int = 32,
    limit: int | None = None,
    spread: Spread = map,
) -> dict[str, float]:
    """Return the IoU in percent of each label of the masks of the first `limit` people, those that occur, by name.

    Pixels are the crop's, masks are cut like pictures; people without a mask are left out. `box` as in `evaluate`.
    """

    def count(numbers: range) -> Array:
        samples = (dataset.sample(number) for number in numbers)
        crops = [person_crop(s, input_wh, padding, box)[0] for s in samples if s.part_mask is not None]
        if not crops:
            return np.zeros((len(PART_LABELS), len(PART_CLASSES)), np.int64)
        found = predict(np.stack([crop.image_rgb for crop in crops]))
        return part_counts(np.stack([c.part_mask for c in crops if c.part_mask is not None]), found)

    total = len(dataset) if limit is None else min(len(dataset), limit)
    counts = np.sum(list(spread(count, batches(total, batch))), axis=0)
    values = zip(PART_LABELS, intersection_over_union(counts).tolist(), strict=True)
    return {label: value for label, value in values if np.isfinite(value)}


def mean_iou(per_part: dict[str, float]) -> float:
    """Return mIoU, the mean over the labels that occur, background among them."""
    return sum(per_part.values()) / len(per_part)
