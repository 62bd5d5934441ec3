"""Percentage of correct keypoints: how many lie within a fraction of the person's own unit of length."""

import numpy as np

from edgepose.runtime.arrays import Array, FloatArray
from edgepose.runtime.skeleton import Skeleton


def torso_px(keypoints: FloatArray, skeleton: Skeleton) -> FloatArray:
    """Return each person's torso length (N,), left shoulder to right hip, of keypoints (N, K, 2); NaN if unlabelled."""
    a, b = (keypoints[:, skeleton.index(joint)] for joint in skeleton.torso)
    return np.linalg.norm(a - b, axis=-1).astype(np.float32)  # type: ignore[no-any-return]


def correct_keypoints(
    predicted: FloatArray, truth: FloatArray, unit_px: FloatArray, fraction: float
) -> tuple[Array, Array]:
    """Return (correct, counted), both bool (N, K).

    `predicted` and `truth` are (N, K, 2) in the same pixels, `unit_px` (N,). A joint counts when it is labelled (not
    NaN) and its person's unit is known and positive; a NaN prediction is wrong.
    """
    distance = np.linalg.norm(predicted - truth, axis=-1)
    counted = np.isfinite(truth).all(axis=-1) & (np.nan_to_num(unit_px) > 0)[:, None]
    limit = fraction * np.nan_to_num(unit_px)[:, None]
    return counted & (np.nan_to_num(distance, nan=np.inf) <= limit), counted


def pck(predicted: FloatArray, truth: FloatArray, unit_px: FloatArray, fraction: float = 0.2) -> tuple[float, Array]:
    """Return the percentage over all counted keypoints, and per joint (K,); NaN where nothing counts.

    Shapes as in `correct_keypoints` (Yang and Ramanan, "Articulated Human Detection with Flexible Mixtures of Parts").
    """
    correct, counted = correct_keypoints(predicted, truth, unit_px, fraction)
    totals = counted.sum(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        per_joint = 100.0 * correct.sum(axis=0) / totals
        overall = 100.0 * correct.sum() / totals.sum()
    return float(overall), per_joint
