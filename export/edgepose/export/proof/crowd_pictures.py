"""Whole pictures, to calibrate and to check exports of networks that see everybody in them."""

from dataclasses import dataclass, replace

import numpy as np
from scipy.optimize import linear_sum_assignment

from edgepose.export.errors import ExportError
from edgepose.export.proof.examples import Examples, evenly
from edgepose.runtime.arrays import Array, FloatArray, ImageArray
from edgepose.runtime.codecs.body_part import BodyPartCodec
from edgepose.runtime.geometry import transform_points
from edgepose.train.data.pose_dataset import PoseDataset, picture_in_skeleton
from edgepose.train.evaluation.everybody import labelled, labelled_pictures, whole_picture
from edgepose.train.evaluation.prediction import Prediction
from edgepose.train.metrics.pck import correct_keypoints, torso_px

_FAR = 1e6


@dataclass(frozen=True)
class CrowdPictures(Examples):
    """Pictures uint8 RGB (N, H, W, 3), and of each the true keypoints (P, K, 2) of everybody, in its pixels."""

    data: str
    codec: BodyPartCodec
    images_rgb: ImageArray
    truth_crop: tuple[FloatArray, ...]

    @property
    def pictures(self) -> int:
        """How many there are."""
        return len(self.images_rgb)

    def __len__(self) -> int:
        return sum(map(len, self.truth_crop))

    def of_people(self, found: Prediction, first: int) -> Prediction:
        """Return of each labelled person the one who was found nearest, everybody at most once."""
        truth = self.truth_crop[first : first + len(found.keypoints_crop)]
        pairs = [_nearest(*each) for each in zip(found.keypoints_crop, found.scores, truth, strict=True)]
        keypoints, scores = (np.concatenate(parts) for parts in zip(*pairs, strict=True))
        return replace(found, keypoints_crop=keypoints, scores=scores)

    def distances_px(self, keypoints_crop: FloatArray, expected_crop: FloatArray) -> FloatArray:
        """Return distances (M, K) of at most a standard deviation of the codec's Gaussian.

        That is the distance of a keypoint, too, that only one of the two has: another grouping moves whole limbs, and
        what it costs is in the metric.
        """
        far = self.codec.sigma_px
        distance = np.minimum(np.linalg.norm(keypoints_crop - expected_crop, axis=-1), far)
        neither = np.isnan(keypoints_crop[..., 0]) & np.isnan(expected_crop[..., 0])
        return np.where(neither, 0.0, np.nan_to_num(distance, nan=far)).astype(np.float32)

    def judge(self, keypoints_crop: FloatArray) -> tuple[Array, Array]:
        """Return which keypoints (M, K, 2) are correct, and which count; one that was not found is wrong."""
        truth = np.concatenate(self.truth_crop)
        return correct_keypoints(
            np.nan_to_num(keypoints_crop, nan=_FAR), truth, torso_px(truth, self.codec.parts.skeleton), fraction=0.2
        )


def _nearest(found: FloatArray, scores: FloatArray, truth: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return keypoints (P, K, 2) and scores (P, K) of those found (F, K, 2) who suit the labelled (P, K, 2) best.

    Suits whoever has most of the labelled joints near: each counts from 1 to 0 within half of the person's height.
    """
    keypoints, of_keypoints = np.full_like(truth, np.nan), np.zeros(truth.shape[:2], np.float32)
    heights = np.nanmax(truth[..., 1], axis=1) - np.nanmin(truth[..., 1], axis=1)
    apart = np.linalg.norm(truth[:, None] - found[None], axis=-1)
    alike = np.nan_to_num(np.clip(1 - apart / np.maximum(heights / 2, 1)[:, None, None], 0, 1)).sum(axis=-1)
    for person, row in zip(*linear_sum_assignment(-alike), strict=True):
        if alike[person, row] > 0:
            keypoints[person], of_keypoints[person] = found[row], scores[row]
    return keypoints, of_keypoints


def load_crowds(dataset: PoseDataset, codec: BodyPartCodec, limit: int) -> CrowdPictures:
    """Return at most `limit` pictures, spread evenly over the data, as the codec's network sees them.

    Raises `ExportError` when nobody has a joint that the network knows, `DataError` for data that does not know
    everybody in its pictures.
    """
    skeleton = codec.parts.skeleton
    people = labelled_pictures(dataset, skeleton)
    views, truth = [], []
    for person in evenly(people, limit):
        picture, _ = picture_in_skeleton(dataset, person, skeleton)
        view, affine = whole_picture(picture.image_bgr, codec.input_wh)
        keypoints = labelled(picture, skeleton)
        known = np.isfinite(keypoints).all(axis=-1).any(axis=-1)
        views.append(view)
        truth.append(transform_points(affine, keypoints[known]))
    if not sum(map(len, truth)):
        raise ExportError(f"nobody in {dataset.name} has a labelled joint of {skeleton.name}; give other data")
    return CrowdPictures(dataset.name, codec, np.stack(views), tuple(truth))
