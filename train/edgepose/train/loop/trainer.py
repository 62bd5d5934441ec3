"""The training loop: reads from top to bottom, resumes to the same numbers, loses nothing when it is cut off."""

import gc
import math
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from edgepose.train.checkpoints.checkpoint import Checkpoint, CheckpointError, load_checkpoint, save_checkpoint
from edgepose.train.checkpoints.transfer import transfer_weights
from edgepose.train.data import PoseDataset, WeightedDataset
from edgepose.train.data.crops import EpochSampler
from edgepose.train.errors import SavedAndStopped, TrainingError
from edgepose.train.loop.interruption import Interruption
from edgepose.train.loop.loader import BatchLoader
from edgepose.train.loop.progress import EpochResult, Observer
from edgepose.train.loop.readings import Readings
from edgepose.train.loop.state import TrainingState, check_same_run
from edgepose.train.networks import DeployNetwork, NetworkSpec
from edgepose.train.networks.qat import quantise_layers
from edgepose.train.objectives import Batch, Objective, objective_of
from edgepose.train.objectives.base import Learner
from edgepose.train.processes.world import World
from edgepose.train.recipe import Recipe


def _compilers_errors() -> tuple[type[Exception], ...]:
    """Return what torch raises where it cannot compile; its compiler takes long to import, so only where it is."""
    raised = sys.modules.get("torch._dynamo.exc")
    return (raised.TorchDynamoException,) if raised else ()


class Trainer:
    """One training run, from fresh weights or from `out/last.safetensors`, in each process of a world.

    The state is saved after every epoch, and within one after `save_minutes`. A batch is that of all processes.
    `record` are JSON values that the checkpoints tell besides; `compiled` has torch compile the network and its
    teachers. `observers` may be set until it runs. Raises `EdgeposeError` for data that it cannot learn from or cannot
    validate on.
    """

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
        world: World | None = None,
        save_minutes: float = 10.0,
        record: Mapping[str, Any] | None = None,
        compiled: bool = False,
    ) -> None:
        torch.manual_seed(recipe.seed)
        self.spec, self.recipe, self.mix, self.out = spec, recipe, mix, out
        self.objective = objective or objective_of(spec, recipe)
        self._record = dict(record or {})
        self.world = world or World.alone()
        self.device = self.world.device
        self.network = spec.build().to(self.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self._started_from = start_from.training if start_from is not None else None
        self.transfer = transfer_weights(start_from, spec, self.network) if start_from is not None else None
        if recipe.qat and self.transfer is not None and not self.transfer.is_complete:
            raise TrainingError(
                f"training for int8 goes on from weights of the very same network; this {self.transfer}"
            )
        if recipe.qat:
            quantise_layers(self.network)
        elif recipe.sync_bn:
            self.world.synchronise_norms(self.network)
        deployed, bf16 = DeployNetwork(self.network).to(self.device), recipe.precision == "bf16"
        self._learner = self.world.shared(Learner(deployed, self.objective, self.world, bf16=bf16))
        self.state = TrainingState(self.network, recipe)
        self.objective.follow(self.state.average.network)
        if compiled:
            # what an earlier run of a chain compiled is of another network or size
            torch.compiler.reset()
            self.network.compile()
            self.objective.compile()
        self._validate_on = validate_on
        if validate_on is not None:
            self.objective.check_validation(validate_on)
        self.observers = observers
        self._save_seconds, self._saved_at = 60 * save_minutes, time.monotonic()
        self._readings = Readings(self.world)
        self._sampler = EpochSampler(mix, recipe.seed, recipe.batch, self.world.rank, self.world.size)
        if self.steps_per_epoch == 0:
            raise TrainingError(
                f"an epoch has {self._sampler.people} people, fewer than a batch of {recipe.batch}; "
                "add data or lower it"
            )
        self.objective.check_labels(mix)
        examples, share = self.objective.examples(mix), self.world.share(recipe.batch)
        pinned = self.device.type == "cuda"
        self._loader = BatchLoader(examples, self.objective.collate, self._sampler, share, workers, pinned=pinned)

    @property
    def steps_per_epoch(self) -> int:
        """Return the optimiser's steps in a whole epoch."""
        return self._sampler.people // self.recipe.batch

    @property
    def total_steps(self) -> int:
        """Return the optimiser's steps in the whole run."""
        return self.recipe.epochs * self.steps_per_epoch

    def run(self) -> Checkpoint:
        """Train to the end and return the last checkpoint.

        Raises `TrainingError` when the loss is no longer a number; the last good checkpoint stays. After Ctrl-C the
        state is saved before `SavedAndStopped` goes on; one that comes later does not wait for that.
        """
        # the loader's processes share the data as long as nothing writes into it: the collector would
        gc.freeze()
        try:
            with Interruption() as interruption, self._loader.ended():
                while self.state.progress.epoch < self.recipe.epochs:
                    self._run_epoch(interruption)
        finally:
            gc.unfreeze()
        return self.checkpoint()

    def _run_epoch(self, interruption: Interruption) -> None:
        progress, started = self.state.progress, time.perf_counter()
        first_step = progress.step
        self._sampler.epoch, self._sampler.skip = progress.epoch, first_step * self.recipe.batch
        self.network.train()
        for batch in self.batches():
            self._readings.add(self.step(batch))
            if self._readings.is_due or progress.step == self.steps_per_epoch:
                self._read(interruption)
        images = (progress.step - first_step) * self.recipe.batch
        self._finish_epoch(images / (time.perf_counter() - started))

    def _read(self, interruption: Interruption) -> None:
        """Tell the observers of the last steps' losses; save when it is time to, and stop when somebody wants it."""
        losses = self._readings.read(stop=interruption.is_wanted)
        for step, loss in enumerate(losses, self._global_step - len(losses) + 1):
            if not math.isfinite(loss):
                raise self._diverged(f"the loss is {loss} at step {step}")
            for observer in self.observers:
                observer.on_step(step, self.total_steps, loss)
        self.state.progress.note(losses)
        if self._readings.stop or time.monotonic() - self._saved_at >= self._save_seconds:
            self.save("last")
        if self._readings.stop:
            raise SavedAndStopped

    def batches(self) -> Iterator[Batch]:
        """Yield the rest of the epoch's batches on the device; copies overlap with what it computes.

        Raises `EdgeposeError`, here and in one line, where the loader's process could not make an example.
        """
        for batch in self._loader:
            yield {name: tensor.to(self.device, non_blocking=True) for name, tensor in batch.items()}

    @property
    def _global_step(self) -> int:
        return self.state.progress.epoch * self.steps_per_epoch + self.state.progress.step

    def step(self, batch: Batch) -> Tensor:
        """Learn from a batch on the device; return its loss, a scalar there, which nobody has waited for.

        Raises `TrainingError` where a batch norm has a single value to learn from, or torch cannot compile.
        """
        try:
            return self._step(batch)
        except _compilers_errors() as error:
            reason = next((line for line in str(error).splitlines() if line.strip()), type(error).__name__)
            raise TrainingError(
                f"torch cannot compile {self.spec.name} here ({reason[:200]}); install a C++ compiler if there is "
                "none, or leave --compile out"
            ) from error
        except torch.OutOfMemoryError as error:
            raise TrainingError(f"the GPU has no memory for {self._batch}; take a smaller one") from error
        except ValueError as error:
            if "more than 1 value per channel" not in str(error):
                raise
            raise TrainingError(
                f"{self._batch} leaves a batch norm of {self.spec.name} a single value; take a larger one, "
                "or a larger --input"
            ) from error

    def _step(self, batch: Batch) -> Tensor:
        loss: Tensor = self._learner(batch)
        rate = self.recipe.rate_at(self._global_step, self.total_steps)
        self.state.descend(loss, rate, self.recipe.clip_norm)
        # norms that stay as they are need no synchronising, but the ranges that --qat sees do
        if self.recipe.qat or not self.recipe.sync_bn:
            self.world.send_buffers(self.network)
        self.state.follow(self._global_step)
        return loss.detach()

    @property
    def _batch(self) -> str:
        return f"a --batch of {self.recipe.batch} at {self.spec.input_wh[0]}x{self.spec.input_wh[1]}"

    def _diverged(self, what: str) -> TrainingError:
        kept = self.out / "last.safetensors"
        if not kept.exists():
            return TrainingError(f"{what}, before there was a checkpoint; give a lower --learning-rate")
        return TrainingError(
            f"{what}; the last good checkpoint is kept: go on from it with --start-from {kept}, "
            "a lower --learning-rate and another --out"
        )

    def _finish_epoch(self, images_per_second: float) -> None:
        network, progress = self.state.average.network, self.state.progress
        accuracy = None
        if self._validate_on is not None:
            self.save("last")  # validation takes long and reads files: what it meets is to cost no step
            accuracy = self.objective.validate(network, self._validate_on)
        if progress.finish_epoch(accuracy):
            self.save("best", to_go_on=False)  # before what counts it: a cut between the two costs a validation
        self.save("last")
        point = progress.curve[-1]
        result = EpochResult(point.epoch, point.loss, self.objective.metric, point.accuracy, images_per_second)
        for observer in self.observers:
            observer.on_epoch(result, network)

    def checkpoint(self) -> Checkpoint:
        """Return the averaged weights, with everything needed to go on."""
        training: dict[str, Any] = {
            "recipe": self.recipe.to_dict(),
            "data": [f"{part.dataset.name}@{part.weight:g}" for part in self.mix],
            "progress": self.state.progress.to_dict(),
            "torch": torch.__version__,
            **self._record,
        }
        training |= self.objective.provenance()
        if self._started_from is not None:
            training["start_from"] = self._started_from
        return Checkpoint(
            self.spec,
            self.spec.codec(),
            self.recipe.augment.padding,
            self.state.weights(),
            training,
            accuracy=[],
            state=self.state.tensors(),
        )

    def save(self, name: str, *, to_go_on: bool = True) -> Path:
        """Write `out/NAME.safetensors`, with everything needed `to_go_on` or not, if this is the first process.

        Raises `TrainingError`, and leaves the file as it was, when a weight is no number.
        """
        path = self.out / f"{name}.safetensors"
        self._saved_at = time.monotonic()
        if not self.world.is_first:
            return path
        if not self.state.is_finite():
            raise self._diverged(f"a weight is no number after step {self._global_step}")
        checkpoint = self.checkpoint()
        save_checkpoint(path, checkpoint if to_go_on else replace(checkpoint, state={}))
        return path

    def resume(self) -> None:
        """Go on from `out/last.safetensors`.

        Raises `CheckpointError` when it is absent or of another network, data or recipe.
        """
        path = self.out / "last.safetensors"
        saved = self.world.from_first(lambda: load_checkpoint(path, with_state=True))
        if not saved.state:
            raise CheckpointError(f"{path} keeps nothing to go on with; --start-from it, into another --out")
        check_same_run(path, saved, self.checkpoint())
        self.state.restore(saved)
        self._started_from = saved.training.get("start_from")
