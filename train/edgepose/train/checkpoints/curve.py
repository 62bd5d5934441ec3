"""How the training of a model went, epoch by epoch, as its card keeps it."""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from edgepose.profiles.errors import EdgeposeError
from edgepose.runtime.model_files.card import ModelCard
from edgepose.train.recipe import Recipe


@dataclass(frozen=True)
class Epoch:
    """A finished epoch of run `run` (from 1, where one started from another's weights), counted over all of them.

    `loss` is the mean over its steps, `accuracy` in percent where it was validated, `seconds` since its run began;
    `learning_rate` is the schedule's at its end, None where the recipe is not known.
    """

    epoch: int
    run: int
    loss: float
    accuracy: float | None
    seconds: float
    learning_rate: float | None


@dataclass(frozen=True)
class TrainingCurve:
    """The epochs of a model; `metric` is what `accuracy` is, `validated_on` the data of the last run's."""

    model: str
    metric: str
    validated_on: str | None
    epochs: tuple[Epoch, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return the curve as JSON values."""
        return asdict(self)


def training_curve(card: ModelCard) -> TrainingCurve:
    """Return how a model was trained, and before it those whose weights it started from, as far as is known.

    Raises `EdgeposeError` where the card keeps no curve, or what it keeps is malformed.
    """
    runs = [card.provenance]
    while isinstance(runs[0].get("start_from"), dict):
        runs.insert(0, runs[0]["start_from"])
    try:
        by_run = [epochs for epochs in map(_epochs, runs) if epochs]
        validated_on = card.provenance.get("config", {}).get("validate")
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise EdgeposeError(f"the training curve of {card.name} is malformed ({error}); export it anew") from error
    if not by_run:
        raise EdgeposeError(
            f"the card of {card.name} keeps no training curve; give a checkpoint that `edgepose train` wrote, "
            "or an export of one"
        )
    metric = "OKS AP" if card.sees_everybody else "PCK@0.2"
    in_a_row = [replace(each, run=run) for run, epochs in enumerate(by_run, start=1) for each in epochs]
    counted = [replace(each, epoch=number) for number, each in enumerate(in_a_row, start=1)]
    return TrainingCurve(card.name, metric, validated_on, tuple(counted))


def _epochs(training: Mapping[str, Any]) -> list[Epoch]:
    points = training.get("progress", {}).get("curve", [])
    recipe = Recipe.from_dict(training["recipe"]) if points and "recipe" in training else None
    return [
        Epoch(
            epoch=int(point["epoch"]),
            run=1,
            loss=float(point["loss"]),
            accuracy=_figure(point["accuracy"]),
            seconds=float(point["seconds"]),
            learning_rate=None if recipe is None else _rate_after(recipe, int(point["epoch"])),
        )
        for point in points
    ]


def _figure(accuracy: float | None) -> float | None:
    """Return what was measured; checkpoints of before kept a NaN where nothing could be."""
    return None if accuracy is None or math.isnan(accuracy) else float(accuracy)


def _rate_after(recipe: Recipe, epoch: int) -> float:
    # nothing tells how many steps an epoch had, so the warm-up, mostly within the first, is left out
    return replace(recipe, warmup_steps=0).rate_at(epoch, recipe.epochs)
