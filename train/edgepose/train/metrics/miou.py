"""Mean intersection over union of body parts, for labels that leave several classes possible."""

import numpy as np

from edgepose.runtime.arrays import Array, FloatArray, ImageArray
from edgepose.train.data.part_labels import PART_CLASSES, PART_LABELS, label_classes


def part_counts(labelled: ImageArray, found: ImageArray) -> Array:
    """Return how many pixels have each label and found class: int64 (labels, classes); unknown ones do not count.

    `labelled` holds values of `part_labels`, `found` the classes 0 to 14, both uint8 of one shape.
    """
    known = labelled < len(PART_LABELS)
    pairs = labelled[known].astype(np.int64) * len(PART_CLASSES) + found[known]
    counts = np.bincount(pairs, minlength=len(PART_LABELS) * len(PART_CLASSES))
    return counts.reshape(len(PART_LABELS), len(PART_CLASSES))


def intersection_over_union(counts: Array) -> FloatArray:
    """Return the IoU of each label (labels,) in percent, NaN for those that no pixel has.

    A pixel is right when its class is one that its label leaves possible. A wrong one counts against its own label and
    against every label of its class. Where each label is one class, this is the usual figure.
    """
    possible = label_classes()
    wrong = np.where(possible, 0, counts)
    right = (counts - wrong).sum(axis=1)
    union = counts.sum(axis=1) + (possible * wrong.sum(axis=0)).sum(axis=1)
    present = counts.sum(axis=1) > 0
    return np.where(present, 100 * right / np.maximum(union, 1), np.nan).astype(np.float32)
