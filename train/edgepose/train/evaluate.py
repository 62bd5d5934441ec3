"""How accurate a model is on a data set, by the same code for every format."""

import math
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from rich.console import Group
from rich.markup import escape
from rich.table import Table

from edgepose.runtime.backends.base import Session
from edgepose.train.data.pose_dataset import PoseDataset
from edgepose.train.metrics.oks import oks_ap
from edgepose.train.metrics.pck import pck, torso_px
from edgepose.train.prediction import PredictedPeople, predict_people, predictor_of


@dataclass(frozen=True)
class Evaluation:
    """What `edgepose evaluate --json` prints: percentages, 0 to 100.

    `metrics` holds PCK@0.2 (of the torso), PCKh@0.5 (of the head), OKS AP, AP50, AP75 and AR, as far as the data
    allows; `per_joint` is PCK@0.2 of each joint that the data has.
    """

    model: str
    data: str
    images: int
    people: int
    metrics: dict[str, float]
    per_joint: dict[str, float]
    environment: dict[str, Any]

    def to_dict(self) -> dict[str, Any]:
        """Return the evaluation as JSON values."""
        return asdict(self)


def evaluate(
    session: Session,
    dataset: PoseDataset,
    *,
    flip_test: bool = False,
    box: str = "data",
    batch: int = 32,
    limit: int | None = None,
    on_progress: Callable[[int, int], None] | None = None,
) -> Evaluation:
    """Measure an open model on the first `limit` people of a data set, cropped as its card says.

    `box` is `data`, `joints` or `image`: where a person's box comes from. `flip_test` averages with the mirrored
    crop. Raises `EdgeposeError` for another box, for a flip test of a model that decodes itself, and when nobody has a
    label that the model knows.
    """
    skeleton, padding = session.card.skeleton_object(), session.card.crop.padding
    people = predict_people(
        predictor_of(session, flip_test=flip_test),
        dataset,
        skeleton,
        session.card.input_wh,
        padding,
        box=box,
        batch=batch,
        limit=limit,
        on_progress=on_progress,
    )
    metrics, per_joint = measure(people)
    info = session.info
    environment = {
        "engine": info.engine,
        "engine_version": info.version,
        "device": info.device,
        "threads": info.threads,
        "precision": info.precision,
        "box": box,
        "flip_test": flip_test,
        "padding": 1.0 if box == "image" else padding,
    }
    return Evaluation(
        model=session.card.name,
        data=dataset.name,
        images=len(set(people.image_ids)),
        people=len(people),
        metrics=metrics,
        per_joint=per_joint,
        environment=environment,
    )


def measure(people: PredictedPeople) -> tuple[dict[str, float], dict[str, float]]:
    """Return every metric that the labels allow, and PCK@0.2 of each joint that the data has."""
    overall, of_joints = pck(people.found, people.truth, torso_px(people.truth, people.skeleton), 0.2)
    of_heads, _ = pck(people.found, people.truth, people.head_px, 0.5)
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


def evaluation_tables(evaluation: Evaluation) -> Group:
    """Return an evaluation as tables for rich, under one line that says of what."""
    title = f"{evaluation.model} on {evaluation.data}: {evaluation.people} people in {evaluation.images} images"
    tables = (_table("metric", evaluation.metrics), _table("joint, PCK@0.2", evaluation.per_joint))
    return Group(escape(title), *tables)


def _table(heading: str, values: dict[str, float]) -> Table:
    table = Table(heading, "%")
    table.columns[1].justify = "right"
    for name, value in values.items():
        table.add_row(name, f"{value:.2f}")
    return table
