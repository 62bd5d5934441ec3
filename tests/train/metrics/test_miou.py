import numpy as np
import pytest

from edgepose.train.data.part_labels import PASCAL_LABELS, UNKNOWN, label_classes, value_of
from edgepose.train.metrics.miou import intersection_over_union, part_counts


def iou(labelled: list[int], found: list[int]) -> dict[int, float]:
    """The IoU of each label that occurs."""
    values = intersection_over_union(part_counts(np.array(labelled, np.uint8), np.array(found, np.uint8)))
    return {int(i): float(values[i]) for i in np.flatnonzero(np.isfinite(values))}


def test_exact_labels_have_the_usual_figure() -> None:
    rng = np.random.default_rng(0)
    labelled, found = rng.integers(0, 15, 4000), rng.integers(0, 15, 4000)
    found[:2000] = labelled[:2000]
    expected = {
        k: 100 * np.sum((labelled == k) & (found == k)) / np.sum((labelled == k) | (found == k)) for k in range(15)
    }
    assert iou(labelled.tolist(), found.tolist()) == pytest.approx(expected, rel=1e-5)


def test_coarse_labels_have_the_figure_of_merged_classes() -> None:
    rng = np.random.default_rng(1)
    merged = label_classes()[[value_of(label) for label in PASCAL_LABELS]].argmax(axis=0)
    coarse, found = rng.integers(0, 7, 3000), rng.integers(0, 15, 3000)
    labelled = np.array([value_of(label) for label in PASCAL_LABELS])[coarse]
    expected = {
        value_of(label): 100
        * np.sum((coarse == k) & (merged[found] == k))
        / np.sum((coarse == k) | (merged[found] == k))
        for k, label in enumerate(PASCAL_LABELS)
    }
    assert iou(labelled.tolist(), found.tolist()) == pytest.approx(expected, rel=1e-5)


def test_a_class_that_its_label_allows_is_no_error_of_another_label() -> None:
    arm, hand = value_of("l_arm"), value_of("l_hand")
    assert iou([arm, hand], [hand, hand]) == {arm: 100, hand: 100}
    assert iou([arm, 0], [hand, hand])[arm] == 50


def test_unknown_pixels_and_absent_labels_do_not_count() -> None:
    assert iou([0, UNKNOWN, UNKNOWN], [0, 3, 0]) == {0: 100}
    assert iou([UNKNOWN], [1]) == {}
