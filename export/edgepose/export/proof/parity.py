"""How far a model is from the network it came from: in raw outputs, in pixels, and in the metric."""

from dataclasses import dataclass

import numpy as np

from edgepose.export.errors import ExportError
from edgepose.export.proof.examples import Examples
from edgepose.export.proof.tolerances import Tolerance
from edgepose.runtime.arrays import Array, FloatArray
from edgepose.runtime.codecs import Codec
from edgepose.train.evaluation.prediction import Prediction, Predictor, decoded
from edgepose.train.predictor import MapPredictor

METRIC = "PCK@0.2"
SEEN_SCORE = 0.1
"""Below it a network has not found a joint: where its empty map peaks is chance, and says nothing of an export."""
_RAW_CROPS = 32
_BATCH = 32


@dataclass(frozen=True)
class Reference:
    """What torch makes of the crops, or of whole pictures.

    Maps (M, K, h, w) of the first of them, keypoints (N, K, 2) of the labelled people in crop pixels, and (N, K) their
    scores, which of them it finds, which are correct and which count for the metric; the metric over all.
    """

    crops: Examples
    codec: Codec
    heatmaps: FloatArray
    keypoints_crop: FloatArray
    scores: FloatArray
    seen: Array
    correct: Array
    counted: Array
    metric: float

    @property
    def points_of_one(self) -> float:
        """What one keypoint more or less is in points of the metric."""
        return _percent(1, self.counted)


@dataclass(frozen=True)
class Parity:
    """How far a model is from the reference.

    `raw` is the largest difference of a map cell over the highest peak, or of a found joint's score where a model
    decodes itself and shows no maps; `px` the mean distance of the keypoints that torch finds, in crop pixels, `metric`
    in percent, and `drop` what it lost against torch, in points. `score` is the mean difference of the scores of the
    people whom both find: who is there is told by them. `drop_error` is the standard error of the drop: that of a count
    of the keypoints that only one of the two gets right.
    """

    raw: float
    px: float
    score: float
    metric: float
    drop: float
    drop_error: float

    def or_worse(self, other: "Parity") -> "Parity":
        """Return the worse of either figure; NaN is worse than any."""
        return Parity(
            raw=float(np.maximum(self.raw, other.raw)),
            px=float(np.maximum(self.px, other.px)),
            score=float(np.maximum(self.score, other.score)),
            metric=float(np.minimum(self.metric, other.metric)),
            drop=float(np.maximum(self.drop, other.drop)),
            drop_error=float(np.maximum(self.drop_error, other.drop_error)),
        )

    def problems(self, tolerance: Tolerance, codec: Codec, *, surely: bool = False) -> list[str]:
        """Return what is over its limit, in words; nothing when all is well. A figure that is NaN is over.

        `surely` adds its standard error to the drop: for whoever tries many files and takes the one that passes.
        """
        limits = {
            f"{METRIC} drop": (self.drop + surely * self.drop_error, tolerance.drop),
            "keypoint error in px": (self.px, tolerance.keypoint_sigmas * codec.sigma_px),
            "score error": (self.score, tolerance.score),
            "raw difference": (self.raw, tolerance.raw),
        }
        return [
            f"{name} {found:.3g} (at most {limit:.3g})" for name, (found, limit) in limits.items() if not found <= limit
        ]


def reference_of(predict: MapPredictor, crops: Examples, codec: Codec) -> Reference:
    """Return what the original network makes of the crops.

    Raises `ExportError` when the data cannot tell an accuracy.
    """
    found = _predict(decoded(predict, codec), crops)
    assert found.heatmaps is not None
    correct, counted = crops.judge(found.keypoints_crop)
    if not counted.any():
        raise ExportError(f"nobody in {crops.data} has both ends of a torso, so {METRIC} is unknown; give other data")
    seen = found.scores >= SEEN_SCORE
    return Reference(
        crops=crops,
        codec=codec,
        heatmaps=found.heatmaps,
        keypoints_crop=found.keypoints_crop,
        scores=found.scores,
        seen=seen if seen.any() else np.ones_like(seen),
        correct=correct,
        counted=counted,
        metric=_percent(correct.sum(), counted),
    )


def measure_parity(predict: Predictor, reference: Reference) -> Parity:
    """Return how far `predict` is from the reference, on the same crops."""
    found = _predict(predict, reference.crops)
    distance = reference.crops.distances_px(found.keypoints_crop, reference.keypoints_crop)
    correct, counted = reference.crops.judge(found.keypoints_crop)
    metric = _percent(correct.sum(), counted)
    return Parity(
        raw=_raw_difference(found, reference),
        px=float(distance[reference.seen].mean()),
        score=_score_error(found.scores, reference.scores),
        metric=metric,
        drop=reference.metric - metric,
        drop_error=_percent(np.sqrt((correct != reference.correct).sum()), counted),
    )


def _percent(number: float, counted: Array) -> float:
    return float(100.0 * number / counted.sum())


def _predict(predict: Predictor, crops: Examples) -> Prediction:
    """Return keypoints and scores of all labelled people, and the maps of the first crops where there are any."""
    found, maps = [], []
    for start in range(0, len(crops.images_rgb), _BATCH):
        part = crops.of_people(predict(crops.images_rgb[start : start + _BATCH]), start)
        found.append((part.keypoints_crop, part.scores))
        if part.heatmaps is not None:
            maps.append(part.heatmaps[: max(_RAW_CROPS - start, 0)])
    keypoints, scores = (np.concatenate(parts) for parts in zip(*found, strict=True))
    return Prediction(keypoints, scores, np.concatenate(maps) if maps else None)


def _score_error(scores: FloatArray, expected: FloatArray) -> float:
    """Return the mean difference of people's scores, from those of their keypoints (M, K); NaN where nobody is left."""
    expects = expected.any(axis=1)
    both = expects & scores.any(axis=1)
    if not both.any():
        return float("nan") if expects.any() else 0.0
    return float(np.abs(scores[both].mean(axis=1) - expected[both].mean(axis=1)).mean())


def _raw_difference(found: Prediction, reference: Reference) -> float:
    if found.heatmaps is None:
        differences = np.abs(found.scores - reference.scores)[reference.seen]
    else:
        differences = np.abs(found.heatmaps - reference.heatmaps)
    return float(differences.max() / np.abs(reference.heatmaps).max())
