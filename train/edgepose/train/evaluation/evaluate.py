"""How accurate a model is on a data set, by the same code for every format."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field, fields
from typing import Any

import numpy as np

from edgepose.profiles.errors import EdgeposeError
from edgepose.runtime.arrays import FloatArray, ImageArray
from edgepose.runtime.backends.base import Session
from edgepose.runtime.clock import StageClock
from edgepose.runtime.estimators.bottom_up_model import BottomUpModel, Views
from edgepose.train.data.pose_dataset import PoseDataset
from edgepose.train.evaluation.everybody import SeenPictures, look_at, measure_everybody
from edgepose.train.evaluation.part_accuracy import PartPredictor, mean_iou, part_accuracy
from edgepose.train.evaluation.prediction import PredictedPeople, predict_people, predictor_of
from edgepose.train.metrics.oks import oks_ap, require_pycocotools
from edgepose.train.metrics.pck import pck, torso_px

_NOT_OF_PCKH = ("pelvis", "thorax")
"""Joints that MPII's own evaluation leaves out of PCKh."""


@dataclass(frozen=True)
class Evaluation:
    """What `edgepose evaluate --json` prints: percentages, 0 to 100.

    `metrics` holds PCK@0.2 (of the torso), PCKh@0.5 (of the head), OKS AP, AP50, AP75 and AR, as far as the data
    allows, and mIoU of a network that parses; `per_joint` is PCK@0.2 of each joint that the data has, `per_part` the
    IoU of each label of its masks. `seen` is everybody with a labelled joint, to be drawn or written; None where there
    are masks alone.
    """

    model: str
    data: str
    images: int
    people: int
    metrics: dict[str, float]
    per_joint: dict[str, float]
    per_part: dict[str, float]
    environment: dict[str, Any]
    seen: PredictedPeople | SeenPictures | None = field(default=None, repr=False, compare=False)

    def to_dict(self) -> dict[str, Any]:
        """Return the evaluation as JSON values, without those that were seen."""
        return {each.name: getattr(self, each.name) for each in fields(self) if each.name != "seen"}


def evaluate(
    session: Session,
    dataset: PoseDataset,
    *,
    flip_test: bool = False,
    box: str = "data",
    scales: tuple[float, ...] = (1.0,),
    batch: int = 32,
    limit: int | None = None,
    parts: PartPredictor | None = None,
    on_progress: Callable[[int, int], None] | None = None,
) -> Evaluation:
    """Measure an open model on the first `limit` people of a data set, cropped as its card says.

    `box` is `data`, `joints` or `image`: where a person's box comes from. `flip_test` averages with the mirrored
    crop. `parts` is the same network's parsing, measured where the data has masks. A model of everybody looks at the
    first `limit` whole pictures, at `scales` of what fits its input. Raises `EdgeposeError` for another box, for an
    option of the other kind of model, for a flip test of a model that decodes itself, and when nobody has a label that
    the model knows, `MissingExtraError` without pycocotools.
    """
    require_pycocotools()
    card, padding = session.card, session.card.crop.padding
    if card.sees_everybody:
        if box not in ("data", "image"):
            raise EdgeposeError(f"{card.name} looks at whole pictures; leave --box {box} out")
        return _evaluate_everybody(session, dataset, Views(scales, flip_test), limit, on_progress)
    if scales != (1.0,):
        raise EdgeposeError(f"{card.name} looks at one person in a crop; --scales is for models of everybody")
    per_part = {} if parts is None else part_accuracy(parts, dataset, card.input_wh, padding, box=box, limit=limit)
    metrics = {"mIoU": mean_iou(per_part)} if per_part else {}
    per_joint: dict[str, float] = {}
    people = images = len(dataset) if limit is None else min(len(dataset), limit)
    seen = None
    if not per_part or dataset.has_joints:
        seen = predict_people(
            predictor_of(session, flip_test=flip_test),
            dataset,
            card.skeleton_object(),
            card.input_wh,
            padding,
            box=box,
            batch=batch,
            limit=limit,
            on_progress=on_progress,
        )
        of_joints, per_joint = measure(seen)
        metrics = of_joints | metrics
        people, images = len(seen), len(set(seen.image_ids))
    environment = _environment(session, box, flip_test, 1.0 if box == "image" else padding)
    return Evaluation(card.name, dataset.name, images, people, metrics, per_joint, per_part, environment, seen)


def _evaluate_everybody(
    session: Session,
    dataset: PoseDataset,
    views: Views,
    limit: int | None,
    on_progress: Callable[[int, int], None] | None,
) -> Evaluation:
    skeleton = session.card.skeleton_object()
    model = BottomUpModel(session, views, least_score=0.0)  # average precision ranks whoever is found
    clock = StageClock()

    def see(image_bgr: ImageArray) -> tuple[FloatArray, FloatArray]:
        poses = model.see(image_bgr, clock)
        return poses.keypoints_frame, poses.keypoint_scores

    found, truth = look_at(see, dataset, skeleton, limit, on_progress)
    metrics = _known(measure_everybody(found, truth, skeleton))
    environment = _environment(session, "image", views.flip, 1.0) | {"scales": list(views.scales)}
    images, seen = len(set(truth.image_ids)), SeenPictures(skeleton, found, truth)
    return Evaluation(session.card.name, dataset.name, images, len(truth), metrics, {}, {}, environment, seen)


def _environment(session: Session, box: str, flip_test: bool, padding: float) -> dict[str, Any]:
    info = session.info
    return {
        "engine": info.engine,
        "engine_version": info.version,
        "device": info.device,
        "threads": info.threads,
        "precision": info.precision,
        "box": box,
        "flip_test": flip_test,
        "padding": padding,
    }


def measure(people: PredictedPeople) -> tuple[dict[str, float], dict[str, float]]:
    """Return every metric that the labels allow, and PCK@0.2 of each joint that the data has."""
    overall, of_joints = pck(people.found, people.truth, torso_px(people.truth, people.skeleton), 0.2)
    counted = people.truth.copy()
    counted[:, [people.skeleton.index(joint) for joint in _NOT_OF_PCKH if joint in people.skeleton.joints]] = np.nan
    of_heads, _ = pck(people.found, counted, people.head_px, 0.5)
    by_oks = oks_ap(
        people.found,
        people.scores.mean(axis=1),
        people.truth,
        people.area_px2,
        people.skeleton.sigmas,
        people.image_ids,
    )
    joints = dict(zip(people.skeleton.joints, of_joints.tolist(), strict=True))
    return _known({"PCK@0.2": overall, "PCKh@0.5": of_heads, **by_oks}), _known(joints)


def _known(values: dict[str, float]) -> dict[str, float]:
    return {name: value for name, value in values.items() if math.isfinite(value)}
