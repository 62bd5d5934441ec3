"""Object keypoint similarity, and COCO's average precision and recall by it, computed by pycocotools."""

import contextlib
import io
import math
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

import numpy as np

from edgepose.runtime.arrays import FloatArray
from edgepose.runtime.errors import MissingExtraError
from edgepose.train.data.pose_dataset import Unlabelled

_STATISTICS = {"OKS AP": 0, "OKS AP50": 1, "OKS AP75": 2, "OKS AR": 5}
"""Places in what COCOeval summarises."""
_LEAST_PX = 8.0


def oks(found: FloatArray, truth: FloatArray, area_px2: FloatArray, sigmas: Sequence[float]) -> FloatArray:
    """Return the object keypoint similarity (...,) of poses `found` and `truth` (..., K, 2), 0 to 1.

    NaN in `truth` is unlabelled, in `found` not found and so as far away as can be; NaN where nothing is labelled.
    `area_px2` (...,) is the scale. It is the mean over labelled joints, as COCO has it.
    """
    labelled = np.isfinite(truth).all(axis=-1)
    apart_px2 = np.square(found - truth).sum(axis=-1)
    falloff_px2 = 2 * (2 * np.asarray(sigmas)) ** 2 * np.maximum(area_px2, 1e-6)[..., None]
    near = np.exp(-np.nan_to_num(apart_px2, nan=np.inf) / falloff_px2) * labelled
    with np.errstate(invalid="ignore"):
        return (near.sum(axis=-1) / labelled.sum(axis=-1)).astype(np.float32)  # type: ignore[no-any-return]


def require_pycocotools() -> None:
    """Raise `MissingExtraError` without pycocotools: before people are looked at for minutes, not after."""
    try:
        import pycocotools.mask  # noqa: F401, PLC0415
    except ModuleNotFoundError as error:
        raise MissingExtraError("pycocotools", "evaluate") from error


def oks_ap(
    found: FloatArray,
    scores: FloatArray,
    truth: FloatArray,
    area_px2: FloatArray,
    sigmas: Sequence[float],
    image_ids: Sequence[str],
    found_image_ids: Sequence[str] | None = None,
    unlabelled: Mapping[str, Unlabelled] = MappingProxyType({}),
) -> dict[str, float]:
    """Return AP over OKS 0.50 to 0.95, AP50, AP75 and AR in percent; NaN without labels.

    `found` (M, K, 2) and `truth` (N, K, 2) in image pixels, NaN in `truth` where unlabelled and in `found` where not
    found; `scores` (M,) rank the detections, `area_px2` (N,) is the scale of OKS, `sigmas` its K constants. Without
    `found_image_ids`, one a detection, there is one detection a person. Who matches the `unlabelled` of an image is
    left out. Raises `MissingExtraError` without pycocotools.
    """
    require_pycocotools()
    from pycocotools.coco import COCO  # noqa: PLC0415  an extra that only evaluation needs
    from pycocotools.cocoeval import COCOeval  # noqa: PLC0415

    if len(found) == 0:
        return dict.fromkeys(_STATISTICS, 0.0 if np.isfinite(truth).any() else math.nan)
    found_ids = image_ids if found_image_ids is None else found_image_ids
    numbers = {name: number for number, name in enumerate(dict.fromkeys([*image_ids, *found_ids]), start=1)}
    images = [numbers[name] for name in image_ids]
    results = coco_results(found, scores, [numbers[name] for name in found_ids])
    with contextlib.redirect_stdout(io.StringIO()):
        document = COCO()
        people = _labelled(truth, area_px2, images) + [
            ignored
            for name in numbers
            if name in unlabelled
            for ignored in _ignored(unlabelled[name], len(sigmas), numbers[name])
        ]
        document.dataset = _document(people, list(numbers.values()))
        document.createIndex()
        evaluation = COCOeval(document, document.loadRes(results), "keypoints")
        evaluation.params.kpt_oks_sigmas = np.array(sigmas, np.float64)
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    summary = {name: float(evaluation.stats[place]) for name, place in _STATISTICS.items()}
    return {name: 100.0 * value if value >= 0 else math.nan for name, value in summary.items()}


def _document(people: list[dict[str, Any]], images: Sequence[int]) -> dict[str, Any]:
    return {
        "info": {},
        "images": [{"id": image} for image in images],
        "categories": [{"id": 1, "name": "person"}],
        "annotations": [{"id": number, "category_id": 1, **person} for number, person in enumerate(people, start=1)],
    }


def _labelled(truth: FloatArray, area_px2: FloatArray, images: Sequence[int]) -> list[dict[str, Any]]:
    labelled = np.asarray(np.isfinite(truth).all(axis=-1))
    triples = np.concatenate([np.where(labelled[..., None], truth, 0), 2 * labelled[..., None]], axis=-1)
    return [
        {
            "image_id": image,
            "iscrowd": 0,
            "area": float(area),
            "bbox": _box_xywh(points[seen]),
            "num_keypoints": int(seen.sum()),
            "keypoints": triple.ravel().tolist(),
        }
        for image, area, points, seen, triple in zip(images, area_px2, truth, labelled, triples, strict=True)
    ]


def _ignored(people: Unlabelled, keypoints: int, image: int) -> list[dict[str, Any]]:
    """Return people as COCO has those without keypoints: it compares the middle of their boxes, and lets them be.

    Of whom a joint or two are seen the box may have no size.
    """
    return [
        {
            "image_id": image,
            "iscrowd": int(crowd),
            "area": max(float(area), _LEAST_PX**2),
            "bbox": _box_xywh(_at_least(box.reshape(2, 2), _LEAST_PX)),
            "num_keypoints": 0,
            "keypoints": [0] * 3 * keypoints,
        }
        for box, area, crowd in zip(people.boxes_xyxy, people.areas_px2, people.crowds, strict=True)
    ]


def _at_least(corners: FloatArray, side_px: float) -> FloatArray:
    """Return the corners (2, 2) of a box that is as wide and as high as that, about the same middle."""
    middle = corners.mean(axis=0)
    half = np.maximum((corners[1] - corners[0]) / 2, side_px / 2)
    return np.stack([middle - half, middle + half])


def _box_xywh(points: FloatArray) -> list[float]:
    if len(points) == 0:
        return [0.0, 0.0, 0.0, 0.0]
    corner = points.min(axis=0)
    return [float(value) for value in (*corner, *(points.max(axis=0) - corner))]


def coco_results(found: FloatArray, scores: FloatArray, images: Sequence[int | str]) -> list[dict[str, Any]]:
    """Return poses (M, K, 2) that score (M,), and the image of each, as COCO's evaluation reads them.

    A joint that was not found is at 0, 0, as COCO has it; the third number of each is not looked at.
    """
    triples = np.concatenate([np.nan_to_num(found), np.ones_like(found[..., :1])], axis=-1)
    return [
        {"image_id": image, "category_id": 1, "score": float(score), "keypoints": triple.ravel().tolist()}
        for image, score, triple in zip(images, scores, triples, strict=True)
    ]
