"""How well everybody in the pictures of a data set is found: one code for training, every format and every export."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import cv2
import numpy as np

from edgepose.profiles.errors import EdgeposeError
from edgepose.runtime.arrays import Array, FloatArray, ImageArray
from edgepose.runtime.codecs.body_part import BodyPartCodec
from edgepose.runtime.geometry import (
    crop_affine,
    fit_box_xyxy,
    image_box_xyxy,
    invert_affine,
    transform_points,
    warp_crop,
)
from edgepose.runtime.skeleton import Skeleton
from edgepose.train.data.pose_dataset import DataError, Picture, PoseDataset, Unlabelled, picture_in_skeleton
from edgepose.train.metrics.oks import oks_ap
from edgepose.train.predictor import MapPredictor
from edgepose.train.processes.spread import Spread


@dataclass(frozen=True)
class Everybody:
    """Who is in the pictures of a data set: keypoints (N, K, 2) in picture pixels, NaN where there are none.

    `scores` (N,) rank people who were found, `areas_px2` (N,) are the scale of OKS of those who were labelled; either
    is NaN for the others. `image_ids` has one a person, `pictures` the number in the data set by which to open it.
    `unlabelled` are those without a labelled joint, by the picture's id.
    """

    keypoints: FloatArray
    scores: FloatArray
    areas_px2: FloatArray
    image_ids: tuple[str, ...]
    pictures: tuple[int, ...]
    unlabelled: Mapping[str, Unlabelled] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.image_ids)


@dataclass(frozen=True)
class SeenPictures:
    """Whom a model found in pictures, and who is labelled in them: keypoints of a skeleton."""

    skeleton: Skeleton
    found: Everybody
    truth: Everybody


See = Callable[[ImageArray], tuple[FloatArray, FloatArray]]
"""A picture (H, W, 3) BGR -> keypoints (P, K, 2) of the people in it, in its pixels, and their scores (P, K)."""


def whole_picture(image_bgr: ImageArray, input_wh: tuple[int, int]) -> tuple[ImageArray, Array]:
    """Return a picture as a network sees all of it, RGB (h, w, 3), and its affine (2, 3); the rest is black."""
    window = fit_box_xyxy(image_box_xyxy(image_bgr.shape[1], image_bgr.shape[0]), input_wh[0] / input_wh[1])
    affine = crop_affine(window, input_wh)
    view = warp_crop(image_bgr, affine, input_wh)
    return cv2.cvtColor(view, cv2.COLOR_BGR2RGB), affine


def seen_by(predict: MapPredictor, codec: BodyPartCodec) -> See:
    """Return what a network makes of whole pictures."""

    def see(image_bgr: ImageArray) -> tuple[FloatArray, FloatArray]:
        view_rgb, affine = whole_picture(image_bgr, codec.input_wh)
        keypoints, scores = codec.decode(predict(view_rgb[None])[0])
        return transform_points(invert_affine(affine), keypoints), scores

    return see


def labelled_pictures(dataset: PoseDataset, skeleton: Skeleton, limit: int | None = None) -> list[int]:
    """Return a person of each of the first `limit` pictures.

    Raises `EdgeposeError` where no joint of the data is the skeleton's, or nobody has one, `DataError` for data that
    knows one person a picture.
    """
    if not dataset.knows_everybody:
        raise DataError(f"{dataset.name} knows one person a picture; for everybody in it give coco or synthetic data")
    if not len(dataset) or not skeleton.shared_rows(dataset.skeleton)[0]:
        raise EdgeposeError(f"nobody in {dataset.name} has a labelled joint of {skeleton.name}; give other data")
    return dataset.one_a_picture()[:limit]


def labelled(picture: Picture, skeleton: Skeleton) -> FloatArray:
    """Return the truth (P, K, 2) of a picture; a neck does not count, data sets mean different things by it."""
    truth = picture.keypoints.copy()
    if "neck" in skeleton.joints:
        truth[:, skeleton.index("neck")] = np.nan
    return truth


def look_at(
    see: See,
    dataset: PoseDataset,
    skeleton: Skeleton,
    limit: int | None = None,
    on_progress: Callable[[int, int], None] | None = None,
    spread: Spread = map,
) -> tuple[Everybody, Everybody]:
    """Return whom `see` finds in the first `limit` pictures of a data set, and who is labelled in them.

    `on_progress` is told (pictures done, pictures in all); with a world's `map` as `spread` each process looks at a
    share of them. Raises `EdgeposeError` where the data has no joint of the skeleton, `DataError` for data that knows
    one person a picture.
    """

    def look(person: int) -> tuple[Everybody, Everybody]:
        picture, _ = picture_in_skeleton(dataset, person, skeleton)
        keypoints, scores = see(picture.image_bgr)
        seen = _in_picture(person, picture.image_id, keypoints, scores=scores.mean(axis=-1))
        truth, areas_px2 = labelled(picture, skeleton), picture.areas_px2
        known = np.isfinite(truth).all(axis=-1).any(axis=-1)
        there = _in_picture(person, picture.image_id, truth[known], areas_px2=areas_px2[known])
        # of whom only joints that the skeleton lacks are labelled is as unlabelled as the others
        others = Unlabelled.of(
            list(picture.boxes_xyxy[~known]), areas_px2[~known].tolist(), [False] * int((~known).sum())
        )
        return seen, replace(there, unlabelled={picture.image_id: picture.unlabelled.joined(others)})

    found, truth = [], []
    people = labelled_pictures(dataset, skeleton, limit)
    for done, (seen, there) in enumerate(spread(look, people), start=1):
        found.append(seen)
        truth.append(there)
        if on_progress is not None:
            on_progress(done, len(people))
    return joined(found), joined(truth)


def _in_picture(
    number: int,
    image_id: str,
    keypoints: FloatArray,
    scores: FloatArray | None = None,
    areas_px2: FloatArray | None = None,
) -> Everybody:
    unknown = np.full(len(keypoints), np.nan, np.float32)
    of_scores, of_areas = (unknown if values is None else values for values in (scores, areas_px2))
    people = len(keypoints)
    return Everybody(keypoints, of_scores, of_areas, (image_id,) * people, (number,) * people)


def joined(parts: Sequence[Everybody]) -> Everybody:
    """Return the people of several pictures, one or more, in one."""
    columns = zip(*((p.keypoints, p.scores, p.areas_px2) for p in parts), strict=True)
    keypoints, scores, areas = (np.concatenate(column) for column in columns)
    image_ids = tuple(name for part in parts for name in part.image_ids)
    pictures = tuple(number for part in parts for number in part.pictures)
    unlabelled = {name: people for part in parts for name, people in part.unlabelled.items()}
    return Everybody(keypoints, scores, areas, image_ids, pictures, unlabelled)


def measure_everybody(found: Everybody, truth: Everybody, skeleton: Skeleton) -> dict[str, float]:
    """Return OKS AP, AP50, AP75 and AR in percent; NaN where nobody is labelled.

    Whoever finds somebody without labels, or one of a crowd, is neither right nor wrong, as in COCO's own evaluation.
    """
    return oks_ap(
        found.keypoints,
        found.scores,
        truth.keypoints,
        truth.areas_px2,
        skeleton.sigmas,
        truth.image_ids,
        found.image_ids,
        truth.unlabelled,
    )
