"""People whose labels look wrong to a model: left and right exchanged, or a joint put somewhere else."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import torch

from edgepose.runtime.arrays import FloatArray, ImageArray
from edgepose.runtime.backends.base import Session
from edgepose.runtime.codecs import of_one_person
from edgepose.runtime.geometry import invert_affine, transform_points
from edgepose.runtime.model_files.decoding import require_heatmaps
from edgepose.runtime.skeleton import Skeleton
from edgepose.train.data.augment import plain_crop
from edgepose.train.data.pose_dataset import DataError, PoseDataset, Sample, in_skeleton
from edgepose.train.evaluation.prediction import labelled_people, predictor_of
from edgepose.train.objectives.losses import doubtful
from edgepose.train.objectives.swapped_labels import SwappedLabels
from edgepose.train.pictures.contact_sheet import contact_sheet, draw_found
from edgepose.train.processes.spread import batches

OFF = 0.6
"""How firmly a label must be contradicted: below, as often as not the model is wrong."""
_TILE_PX, _COLUMNS = 200, 2


@dataclass(frozen=True)
class Suspect:
    """A person whose labels of some joints look `swapped`, or `off`.

    `person` counts from 0 in the data set, `image` is the data's name of the picture. `doubt` is how firm the model is,
    0 to 1: of swapped joints by how much better the exchanged labels agree with its maps, of others as in
    `losses.doubtful`. `distance_px` is the mean from these labels to where the joints were found, in image pixels, and
    `found` (K, 2) where all were.
    """

    person: int
    image: str
    kind: str
    joints: tuple[str, ...]
    doubt: float
    distance_px: float
    found: FloatArray

    def to_dict(self) -> dict[str, Any]:
        """Return all but `found` as JSON values."""
        kept = {name: value for name, value in vars(self).items() if name != "found"}
        return {**kept, "joints": list(self.joints), "doubt": round(self.doubt, 3)}


def find_suspects(
    session: Session,
    dataset: PoseDataset,
    *,
    flip_test: bool = False,
    limit: int | None = None,
    batch: int = 32,
    on_progress: Callable[[int, int], None] | None = None,
) -> list[Suspect]:
    """Return the suspects among the first `limit` people of a data set, the most doubtful first.

    `flip_test` has the model look at the mirrored crop too. Raises `EdgeposeError` for a model of everybody,
    `ModelError` for one that decodes itself and shows no heatmaps, `DataError` where nobody has a label.
    """
    card, skeleton = session.card, session.card.skeleton_object()
    codec = of_one_person(card.codec_object(), card.name)
    require_heatmaps(card, "labels are judged by")
    predict, swaps = predictor_of(session, flip_test=flip_test), SwappedLabels(skeleton)
    total = min(len(dataset), len(dataset) if limit is None else limit)
    suspects: list[Suspect] = []
    seen = None
    for numbers in batches(total, batch):
        people = labelled_people(dataset, skeleton, numbers)
        if not people:
            continue
        crops, affines = zip(*(plain_crop(p, card.input_wh, card.crop.padding) for p in people.values()), strict=True)
        seen = predict(np.stack([crop.image_rgb for crop in crops]))
        targets = codec.encode(np.stack([crop.keypoints_crop for crop in crops]))
        assert seen.heatmaps is not None
        swapped, off = _doubts(swaps, torch.from_numpy(seen.heatmaps), torch.from_numpy(targets))
        for row, (number, sample) in enumerate(people.items()):
            found = transform_points(invert_affine(affines[row]), seen.keypoints_crop[row])
            suspects += _of_person(skeleton, number, sample, found, {"swapped": swapped[row], "off": off[row]})
        if on_progress is not None:
            on_progress(numbers.stop, total)
    if seen is None:
        raise DataError(f"nobody in {dataset.name} has a labelled joint of {skeleton.name}; give other data")
    return sorted(suspects, key=lambda suspect: -suspect.doubt)


def _doubts(swaps: SwappedLabels, maps: torch.Tensor, targets: torch.Tensor) -> tuple[FloatArray, FloatArray]:
    """Return how firmly each label (N, K) looks swapped, and off where it does not; 0 where neither is firm."""
    swapped = swaps.find(maps, targets)
    margins = (swaps.margins(maps, targets).unsqueeze(1) * swaps.chains).amax(dim=-1)
    off = doubtful(maps, swaps.exchange(targets, swapped))
    return (margins * swapped).numpy(), torch.where((off >= OFF) & ~swapped, off, 0).numpy()


def _of_person(
    skeleton: Skeleton, number: int, sample: Sample, found: FloatArray, doubts: dict[str, FloatArray]
) -> Iterator[Suspect]:
    apart = np.linalg.norm(found - sample.keypoints, axis=-1)
    for kind, doubt in doubts.items():
        rows = np.flatnonzero((doubt > 0) & sample.labelled)
        if len(rows):
            joints = tuple(skeleton.joints[row] for row in rows)
            distance = round(float(apart[rows].mean()), 1)
            # peaks that are wider than the labels' agree with them more than fully
            firm = min(float(doubt.max()), 1.0)
            yield Suspect(number, sample.image_id, kind, joints, firm, distance, found)


def draw_suspects(suspects: list[Suspect], dataset: PoseDataset, skeleton: Skeleton, padding: float) -> ImageArray:
    """Return a picture (H, W, 3) BGR with two views of each suspect: as they are labelled, and as they were found."""
    title = "to the left as labelled, to the right as found; left limbs are orange, right ones blue"
    tiles = [_tile(suspect, in_skeleton(dataset, suspect.person, skeleton), skeleton, padding) for suspect in suspects]
    return contact_sheet(title, tiles, _COLUMNS)


def _tile(suspect: Suspect, sample: Sample, skeleton: Skeleton, padding: float) -> tuple[ImageArray, list[str]]:
    crop, affine = plain_crop(sample, (_TILE_PX, _TILE_PX), padding)
    view_bgr = cv2.cvtColor(crop.image_rgb, cv2.COLOR_RGB2BGR)
    views = [
        draw_found(view_bgr, skeleton, transform_points(affine, joints)) for joints in (sample.keypoints, suspect.found)
    ]
    told = f"{suspect.kind} {suspect.doubt:.2f}: person {suspect.person}, {suspect.image}"
    return np.hstack(views), [told, " ".join(suspect.joints)]
