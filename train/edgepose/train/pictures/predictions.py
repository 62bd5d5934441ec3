"""Pictures of right and of wrong predictions: the best and the worst people of an evaluation."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from edgepose.runtime.arrays import Array, FloatArray, ImageArray
from edgepose.runtime.geometry import crop_affine, fit_box_xyxy, keypoints_box_xyxy, transform_points, warp_crop
from edgepose.runtime.model_files.card import ModelCard
from edgepose.runtime.skeleton import Skeleton
from edgepose.train.data.pose_dataset import PoseDataset, in_skeleton, picture_in_skeleton
from edgepose.train.evaluation.evaluate import Evaluation
from edgepose.train.evaluation.everybody import Everybody, SeenPictures
from edgepose.train.evaluation.prediction import PredictedPeople, person_crop
from edgepose.train.metrics.oks import oks
from edgepose.train.metrics.pck import correct_keypoints, torso_px
from edgepose.train.pictures.contact_sheet import contact_sheet, draw_errors, draw_found, draw_labelled
from edgepose.train.pictures.file import save_picture

_SIDE_PX, _COLUMNS = 200, 4
_WRONG = 0.2
"""PCK's share of the torso; where no torso is labelled, of the square root of the area."""

View = Callable[[int], tuple[ImageArray, Array]]
"""The number of a person -> a picture of them (H, W, 3) BGR, and the affine (2, 3) that it was cut by."""


@dataclass(frozen=True)
class Judged:
    """N people who were looked at: where they are labelled and where they were found (N, K, 2), in image pixels.

    `oks` (N,) is 0 to 1, `pck` (N,) in percent, NaN without a labelled torso; `errors` (N, K) are distances in
    units of the torso, else of the square root of the area, infinite where a labelled joint was not found and NaN
    where none is labelled. `view` shows one of them.
    """

    skeleton: Skeleton
    found: FloatArray
    truth: FloatArray
    oks: FloatArray
    pck: FloatArray
    errors: FloatArray
    view: View

    def tile(self, person: int) -> tuple[ImageArray, list[str]]:
        """Return a person with what was labelled and found drawn on them, and two lines of figures."""
        cut_bgr, affine = self.view(person)
        found, truth = (transform_points(affine, keypoints[person]) for keypoints in (self.found, self.truth))
        drawn_bgr = draw_found(cut_bgr, self.skeleton, found)
        draw_errors(drawn_bgr, found, truth, self.errors[person] > _WRONG)
        draw_labelled(drawn_bgr, self.skeleton, truth)
        return drawn_bgr, [self._figures(person), self._worst(person)]

    def _figures(self, person: int) -> str:
        known = np.isfinite(self.pck[person])
        return (f"PCK {self.pck[person]:.0f}  " if known else "") + f"OKS {self.oks[person]:.2f}"

    def _worst(self, person: int) -> str:
        row = int(np.nanargmax(self.errors[person]))
        unit = "torso" if np.isfinite(self.pck[person]) else "size"
        far = self.errors[person, row]
        told = f"{far:.2f} {unit} off" if np.isfinite(far) else "not found"
        return f"worst: {self.skeleton.joints[row]}, {told}"


def judged(skeleton: Skeleton, found: FloatArray, truth: FloatArray, areas_px2: FloatArray, view: View) -> Judged:
    """Return how well people were found; `found` and `truth` (N, K, 2) in image pixels, `areas_px2` (N,)."""
    torso = torso_px(truth, skeleton)
    correct, counted = correct_keypoints(found, truth, torso, 0.2)
    with np.errstate(invalid="ignore"):
        pck = 100 * correct.sum(axis=1) / counted.sum(axis=1)
    unit = np.where(counted.any(axis=1), torso, np.sqrt(np.maximum(areas_px2, 1e-6)))
    apart = np.nan_to_num(np.linalg.norm(found - truth, axis=-1), nan=np.inf) / unit[:, None]
    errors = np.where(np.isfinite(truth).all(axis=-1), apart, np.nan)
    return Judged(skeleton, found, truth, oks(found, truth, areas_px2, skeleton.sigmas), pck, errors, view)


def draw_predictions(
    folder: Path, evaluation: Evaluation, dataset: PoseDataset, card: ModelCard, count: int
) -> tuple[Path, ...]:
    """Write `save_predictions`' pictures of an evaluation of a model with a card; none where nobody has a joint."""
    judged = judged_evaluation(evaluation, dataset, card)
    return () if judged is None else save_predictions(folder, judged, count)


def judged_evaluation(evaluation: Evaluation, dataset: PoseDataset, card: ModelCard) -> Judged | None:
    """Return how well a model with a card found everybody whom it was evaluated on; None where nobody has a joint."""
    seen = evaluation.seen
    if isinstance(seen, SeenPictures):
        return judged_everybody(seen, dataset)
    if seen is None:
        return None
    aspect, box = card.input_wh[0] / card.input_wh[1], evaluation.environment["box"]
    return judged_people(seen, dataset, aspect, card.crop.padding, box)


def judged_people(people: PredictedPeople, dataset: PoseDataset, aspect: float, padding: float, box: str) -> Judged:
    """Return how well a model of one person found each; they are shown as they were cropped, by `box` and `padding`."""
    size_wh = _size_wh(aspect)

    def view(row: int) -> tuple[ImageArray, Array]:
        crop, affine = person_crop(in_skeleton(dataset, people.persons[row], people.skeleton), size_wh, padding, box)
        return cv2.cvtColor(crop.image_rgb, cv2.COLOR_RGB2BGR), affine

    return judged(people.skeleton, people.found, people.truth, people.area_px2, view)


def judged_everybody(seen: SeenPictures, dataset: PoseDataset) -> Judged:
    """Return how well a model of everybody found each labelled person; they are shown with what is around them."""
    found, truth, skeleton = seen.found, seen.truth, seen.skeleton
    rows = np.flatnonzero(np.isfinite(truth.keypoints).all(axis=-1).any(axis=-1))
    keypoints, pictures = truth.keypoints[rows], [truth.pictures[row] for row in rows]
    size_wh = _size_wh(1.0)

    def view(row: int) -> tuple[ImageArray, Array]:
        picture, _ = picture_in_skeleton(dataset, pictures[row], skeleton)
        labelled = np.isfinite(keypoints[row]).all(axis=-1)
        box = fit_box_xyxy(keypoints_box_xyxy(keypoints[row], labelled), size_wh[0] / size_wh[1], padding=1.5)
        affine = crop_affine(box, size_wh)
        return warp_crop(picture.image_bgr, affine, size_wh), affine

    theirs = _matched(found, truth, skeleton)[rows]
    return judged(skeleton, theirs, keypoints, truth.areas_px2[rows], view)


def _matched(found: Everybody, truth: Everybody, skeleton: Skeleton) -> FloatArray:
    """Return whom of those found each labelled person (N, K, 2) is, by OKS; NaN for those who were overlooked."""
    from scipy.optimize import linear_sum_assignment  # noqa: PLC0415  takes a second

    theirs = np.full_like(truth.keypoints, np.nan)
    of_found, of_truth = np.array(found.pictures), np.array(truth.pictures)
    for picture in np.unique(of_truth):
        labelled, seen = np.flatnonzero(of_truth == picture), np.flatnonzero(of_found == picture)
        areas = np.repeat(truth.areas_px2[labelled, None], len(seen), axis=1)
        alike = oks(found.keypoints[seen][None], truth.keypoints[labelled][:, None], areas, skeleton.sigmas)
        for person, row in zip(*linear_sum_assignment(-np.nan_to_num(alike)), strict=True):
            if alike[person, row] > 0:
                theirs[labelled[person]] = found.keypoints[seen[row]]
    return theirs


def save_predictions(folder: Path, people: Judged, count: int) -> tuple[Path, Path]:
    """Write `right.png` and `wrong.png` with the `count` people of the highest and of the lowest OKS; return the paths.

    Raises `EdgeposeError` where the file system refuses.
    """
    order = np.argsort(people.oks, kind="stable")
    paths = folder / "right.png", folder / "wrong.png"
    for path, rows, rank in zip(paths, (order[::-1], order), ("highest", "lowest"), strict=True):
        chosen = [int(row) for row in rows[:count]]
        title = (
            f"the {len(chosen)} of {len(order)} people with the {rank} OKS; crosses are labels, limbs what was found"
        )
        save_picture(path, contact_sheet(title, [people.tile(row) for row in chosen], _COLUMNS))
    return paths


def _size_wh(aspect: float) -> tuple[int, int]:
    """Return the size of a tile whose longer side is `_SIDE_PX`."""
    return round(_SIDE_PX * min(aspect, 1)), round(_SIDE_PX / max(aspect, 1))
