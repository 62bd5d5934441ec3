"""The training loop: reads from top to bottom, resumes to the same numbers, loses nothing on Ctrl-C."""

import math
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader

from edgepose.profiles.errors import EdgeposeError
from edgepose.train.checkpoint import Checkpoint, CheckpointError, load_checkpoint, save_checkpoint
from edgepose.train.data import PoseDataset, WeightedDataset
from edgepose.train.data.crops import EpochSampler
from edgepose.train.networks import DeployNetwork, NetworkSpec
from edgepose.train.objectives import Batch, Objective, objective_of
from edgepose.train.objectives.base import Learner
from edgepose.train.progress import EpochResult, Observer
from edgepose.train.qat import quantise_layers
from edgepose.train.recipe import Recipe
from edgepose.train.state import TrainingState, check_same_run

_STEPS_A_READING = {"cpu": 1, "cuda": 20}
"""How many losses are read at a time: reading one of a GPU waits until it has caught up."""


class TrainingError(EdgeposeError):
    """Training cannot go on."""


class Trainer:
    """One training run, from fresh weights or from `out/last.safetensors`."""

    def __init__(
        self,
        spec: NetworkSpec,
        recipe: Recipe,
        mix: list[WeightedDataset],
        out: Path,
        *,
        objective: Objective | None = None,
        start_from: Checkpoint | None = None,
        validate_on: PoseDataset | None = None,
        workers: int = 1,
        observers: tuple[Observer, ...] = (),
    ) -> None:
        torch.manual_seed(recipe.seed)
        self.spec, self.recipe, self.mix, self.out = spec, recipe, mix, out
        self.objective = objective or objective_of(spec, recipe)
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self.network = spec.build().to(self.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        deployed = DeployNetwork(self.network).to(self.device)
        self.learner = Learner(deployed, self.objective, bf16=recipe.precision == "bf16")
        self._start_from = start_from
        if start_from is not None:
            _copy_weights(start_from, spec, self.network)
        if recipe.qat:
            quantise_layers(self.network)
        self.state = TrainingState(self.network, recipe)
        self._validate_on = validate_on
        self._observers = observers
        self._sampler = EpochSampler(mix, recipe.seed)
        if len(self._sampler) < recipe.batch:
            raise TrainingError(
                f"an epoch has {len(self._sampler)} people, fewer than a batch of {recipe.batch}; add data or lower it"
            )
        self._loader = DataLoader(
            self.objective.examples(mix),
            recipe.batch,
            sampler=self._sampler,
            num_workers=workers,
            persistent_workers=workers > 0,
            drop_last=True,
            collate_fn=self.objective.collate,
            pin_memory=self.device.type == "cuda",
        )

    @property
    def steps_per_epoch(self) -> int:
        """Return the optimiser's steps in a whole epoch."""
        return len(self._sampler) // self.recipe.batch

    @property
    def total_steps(self) -> int:
        """Return the optimiser's steps in the whole run."""
        return self.recipe.epochs * self.steps_per_epoch

    def run(self) -> Checkpoint:
        """Train to the end and return the last checkpoint.

        Raises `TrainingError` when the loss is no longer a number; the last good checkpoint stays. On Ctrl-C the
        state is saved before the interrupt goes on.
        """
        try:
            while self.state.progress.epoch < self.recipe.epochs:
                self._run_epoch()
        except KeyboardInterrupt:
            self.save("last")
            raise
        return self.checkpoint()

    def _run_epoch(self) -> None:
        started, losses = time.perf_counter(), _Losses(_STEPS_A_READING[self.device.type])
        self._sampler.epoch = self.state.progress.epoch
        self._sampler.skip = self.state.progress.step * self.recipe.batch
        self.network.train()
        for batch in self._batches():
            self._tell(losses.add(self._step(batch)))
        self._tell(losses.read())
        seconds = time.perf_counter() - started
        self.state.progress.finish_epoch(seconds)
        self._finish_epoch(losses.values, seconds)

    def _batches(self) -> Iterator[Batch]:
        """Yield batches on the device; copies overlap with what it computes."""
        for batch in self._loader:
            yield {name: tensor.to(self.device, non_blocking=True) for name, tensor in batch.items()}

    @property
    def _global_step(self) -> int:
        return self.state.progress.epoch * self.steps_per_epoch + self.state.progress.step

    def _step(self, batch: Batch) -> Tensor:
        loss: Tensor = self.learner(batch)
        rate = self.recipe.rate_at(self._global_step, self.total_steps)
        self.state.descend(loss, rate, self.recipe.clip_norm, self._global_step)
        return loss.detach()

    def _tell(self, losses: list[float]) -> None:
        """Tell the observers of the last steps' losses, which are numbers."""
        for step, loss in enumerate(losses, self._global_step - len(losses) + 1):
            if not math.isfinite(loss):
                raise self._diverged(f"the loss is {loss} at step {step}")
            for observer in self._observers:
                observer.on_step(step, self.total_steps, loss)

    def _diverged(self, what: str) -> TrainingError:
        return TrainingError(
            f"{what}; the last good checkpoint is kept in {self.out}; "
            f"resume with a lower --learning-rate or with --precision fp32"
        )

    def _finish_epoch(self, losses: list[float], seconds: float) -> None:
        network, progress = self.state.average.network, self.state.progress
        accuracy = None if self._validate_on is None else self.objective.validate(network, self._validate_on)
        is_best = accuracy is None or accuracy > progress.best
        if accuracy is not None:
            progress.best = max(progress.best, accuracy)
        self.save("last")
        if is_best:
            save_checkpoint(self.out / "best.safetensors", replace(self.checkpoint(), state={}))
        images = len(losses) * self.recipe.batch
        mean = float(np.mean(losses or [math.nan]))
        result = EpochResult(progress.epoch, mean, self.objective.metric, accuracy, images / seconds)
        for observer in self._observers:
            observer.on_epoch(result, network)

    def checkpoint(self) -> Checkpoint:
        """Return the averaged weights, with everything needed to go on."""
        training: dict[str, Any] = {
            "recipe": self.recipe.to_dict(),
            "data": [f"{part.dataset.name}@{part.weight:g}" for part in self.mix],
            "progress": self.state.progress.to_dict(),
            "torch": torch.__version__,
        }
        if self._start_from is not None:
            training["start_from"] = self._start_from.training
        return Checkpoint(
            self.spec,
            self.spec.codec(),
            self.recipe.augment.padding,
            self.state.weights(),
            training,
            accuracy=[],
            state=self.state.tensors(),
        )

    def save(self, name: str) -> Path:
        """Write `out/NAME.safetensors` with everything needed to go on.

        Raises `TrainingError`, and leaves the file as it was, when a weight is no number.
        """
        path = self.out / f"{name}.safetensors"
        if not self.state.is_finite():
            raise self._diverged(f"a weight is no number after step {self._global_step}")
        save_checkpoint(path, self.checkpoint())
        return path

    def resume(self) -> None:
        """Go on from `out/last.safetensors`.

        Raises `CheckpointError` when it is absent or of another network, data or recipe.
        """
        path = self.out / "last.safetensors"
        saved = load_checkpoint(path, with_state=True)
        check_same_run(path, saved, self.checkpoint())
        self.state.restore(saved)


class _Losses:
    """The losses of an epoch, read from the device so many at a time."""

    def __init__(self, at_a_time: int) -> None:
        self.values: list[float] = []
        self._at_a_time = at_a_time
        self._unread: list[Tensor] = []

    def add(self, loss: Tensor) -> list[float]:
        """Keep a loss; return those that were read because of it."""
        self._unread.append(loss)
        return self.read() if len(self._unread) >= self._at_a_time else []

    def read(self) -> list[float]:
        """Return the losses since the last reading."""
        values: list[float] = torch.stack(self._unread).tolist() if self._unread else []
        self._unread.clear()
        self.values += values
        return values


def _copy_weights(checkpoint: Checkpoint, spec: NetworkSpec, network: nn.Module) -> None:
    theirs, ours = ((s.name, s.skeleton.name, dict(s.settings)) for s in (checkpoint.spec, spec))
    if theirs != ours:
        raise CheckpointError(f"the checkpoint to start from holds {theirs}, the network to train is {ours}")
    network.load_state_dict(checkpoint.build().state_dict())
