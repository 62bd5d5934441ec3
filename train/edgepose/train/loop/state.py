"""What changes while a network trains, and how it is saved and taken up again to the same numbers."""

import math
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from edgepose.train.checkpoints.checkpoint import Checkpoint, CheckpointError, optimiser_tensors, restore_optimiser
from edgepose.train.data.spec import DataSpec
from edgepose.train.loop.averaging import WeightAverage
from edgepose.train.networks import NetworkSpec
from edgepose.train.recipe import Recipe

_RAW = "network."


@dataclass(frozen=True)
class CurvePoint:
    """A finished epoch: mean loss, accuracy in percent where it is validated, seconds since the run began."""

    epoch: int
    loss: float
    accuracy: float | None
    seconds: float


@dataclass
class Progress:
    """How far a run is: whole epochs, steps in the current one and their losses, and how it went so far."""

    epoch: int = 0
    step: int = 0
    best: float = -math.inf
    seconds: float = 0.0
    loss_sum: float = 0.0
    curve: list[CurvePoint] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._noted_at = time.perf_counter()

    def note(self, losses: list[float]) -> None:
        """Count the losses of the latest steps, and the time since the last call."""
        now = time.perf_counter()
        self.seconds, self._noted_at = self.seconds + now - self._noted_at, now
        self.loss_sum += sum(losses)

    def finish_epoch(self, accuracy: float | None) -> bool:
        """Count an epoch; return whether it is the best so far, as the last one is where none could be validated.

        An accuracy that is no number counts as none.
        """
        accuracy = accuracy if accuracy is not None and math.isfinite(accuracy) else None
        is_best = math.isinf(self.best) if accuracy is None else accuracy > self.best
        self.best = self.best if accuracy is None else max(self.best, accuracy)
        self.note([])
        self.curve.append(CurvePoint(self.epoch + 1, self.loss_sum / self.step, accuracy, self.seconds))
        self.epoch, self.step, self.loss_sum = self.epoch + 1, 0, 0.0
        return is_best

    def to_dict(self) -> dict[str, Any]:
        """Return JSON values; `from_dict` undoes it."""
        return {**asdict(self), "best": None if math.isinf(self.best) else self.best}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "Progress":
        """Read what `to_dict` gave."""
        best, curve = values["best"], [CurvePoint(**point) for point in values["curve"]]
        return cls(
            epoch=values["epoch"],
            step=values["step"],
            best=-math.inf if best is None else best,
            seconds=values["seconds"],
            loss_sum=values["loss_sum"],
            curve=curve,
        )


class TrainingState:
    """The network in training, the average of its weights, the optimiser, and how far all of them are."""

    def __init__(self, network: nn.Module, recipe: Recipe) -> None:
        self.network = network
        self.average = WeightAverage(network, recipe.ema_decay)
        self.optimiser = _optimiser(network, recipe)
        self.progress = Progress()

    def descend(self, loss: Tensor, rate: float, clip_norm: float) -> None:
        """Take one step of the optimiser down a loss; `clip_norm` 0 does not clip."""
        for group in self.optimiser.param_groups:
            group["lr"] = rate
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        if clip_norm > 0:
            nn.utils.clip_grad_norm_(self.network.parameters(), clip_norm)
        self.optimiser.step()

    def follow(self, step: int) -> None:
        """Let the average follow, and count the step."""
        self.average.update(step)
        self.progress.step += 1

    def is_finite(self) -> bool:
        """Return whether all weights, and so all steps so far, are numbers."""
        return all(bool(tensor.isfinite().all()) for tensor in self.network.state_dict().values())

    def weights(self) -> dict[str, Tensor]:
        """Return the averaged weights: what the run is for."""
        return {name: tensor.cpu() for name, tensor in self.average.network.state_dict().items()}

    def tensors(self) -> dict[str, Tensor]:
        """Return what is needed to go on besides: the weights as they are, and the optimiser's own."""
        raw = {_RAW + name: tensor.cpu() for name, tensor in self.network.state_dict().items()}
        return raw | optimiser_tensors(self.optimiser)

    def restore(self, saved: Checkpoint) -> None:
        """Put back what a checkpoint, loaded with its state, has of a run of the same network and recipe."""
        raw = {name.removeprefix(_RAW): tensor for name, tensor in saved.state.items() if name.startswith(_RAW)}
        self.network.load_state_dict(raw)
        self.average.network.load_state_dict(saved.weights)
        restore_optimiser(self.optimiser, saved.state)
        self.progress = Progress.from_dict(saved.training["progress"])


def check_same_run(path: Path, saved: Checkpoint, mine: Checkpoint) -> None:
    """Raise `CheckpointError`, saying what differs, when a saved run has another network, recipe or data than mine."""
    theirs_is, ours_is = (_described(run.spec) for run in (saved, mine))
    if theirs_is != ours_is:
        raise CheckpointError(f"{path} holds {theirs_is}, this is {ours_is}; give the same, or a new --out")
    theirs, ours = (vars(Recipe.from_dict(run.training["recipe"])) for run in (saved, mine))
    # another machine computes in another precision, as in another number of processes
    other = [f"{name} {value}" for name, value in theirs.items() if value != ours[name] and name != "precision"]
    if other:
        raise CheckpointError(
            f"{path} was trained with another recipe: {', '.join(other)}; give the same, or a new --out"
        )
    for option in ("parsing", "teacher"):
        if saved.training.get(option) != mine.training.get(option):
            raise CheckpointError(f"{path} was trained with another --{option}; give the same, or a new --out")
    before, now = (run.training.get("config", {}).get("validate", "nothing") for run in (saved, mine))
    if "config" in saved.training and "config" in mine.training and not _is_same_data(saved, [before], mine, [now]):
        raise CheckpointError(
            f"{path} was validated on {before}, this on {now}; give the same --validate, or a new --out"
        )
    hashes, present = (run.training.get("data_sha256", {}) for run in (saved, mine))
    changed = [spec for spec, sha256 in hashes.items() if present.get(spec, sha256) != sha256]
    if changed:
        raise CheckpointError(
            f"the files of {', '.join(changed)} are others than those that {path} was trained with; restore them"
        )
    if not _is_same_data(saved, saved.training["data"], mine, mine.training["data"]):
        raise CheckpointError(
            f"{path} was trained with another data: {saved.training['data']}; give the same, or a new --out"
        )


def _is_same_data(one: Checkpoint, specs: list[str], other: Checkpoint, other_specs: list[str]) -> bool:
    """Return whether two runs mean the same by their data: in the same words, or, where hashes are known, by these."""
    return specs == other_specs or [_identified(one, spec) for spec in specs] == [
        _identified(other, spec) for spec in other_specs
    ]


def _identified(run: Checkpoint, spec: str) -> DataSpec:
    """Return which data a run means, with its hash, if that is known, for its path."""
    named = DataSpec.parse(spec)
    files = str(replace(named, weight=1.0, hidden=False))
    return replace(named, path=run.training.get("data_sha256", {}).get(files, named.path))


def _described(spec: NetworkSpec) -> str:
    settings = "".join(f", {name}={value}" for name, value in sorted(spec.settings.items()))
    return f"{spec.name}{settings} of {spec.skeleton.name} at {spec.input_wh[0]}x{spec.input_wh[1]}"


def _optimiser(network: nn.Module, recipe: Recipe) -> torch.optim.Optimizer:
    parameters = list(network.parameters())
    rate, decay = recipe.learning_rate, recipe.weight_decay
    if recipe.optimiser == "adamw":
        return torch.optim.AdamW(parameters, rate, weight_decay=decay, fused=True)
    if recipe.optimiser == "adam":
        return torch.optim.Adam(parameters, rate, weight_decay=decay, fused=True)
    if recipe.optimiser == "sgd":
        return torch.optim.SGD(parameters, rate, momentum=0.9, weight_decay=decay, fused=True)
    return torch.optim.RMSprop(parameters, rate, weight_decay=decay)
