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
from edgepose.train.data.augment import Crop
from edgepose.train.data.crops import CropDataset, EpochSampler
from edgepose.train.losses import partial_mse, weighted_mse
from edgepose.train.networks import DeployNetwork, NetworkSpec
from edgepose.train.progress import EpochResult, Observer
from edgepose.train.qat import quantise_layers
from edgepose.train.recipe import Recipe
from edgepose.train.state import TrainingState, check_same_run
from edgepose.train.validation import validate_pck

LOSSES = {"partial": partial_mse, "weighted": weighted_mse}


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
        start_from: Checkpoint | None = None,
        validate_on: PoseDataset | None = None,
        workers: int = 1,
        observers: tuple[Observer, ...] = (),
    ) -> None:
        torch.manual_seed(recipe.seed)
        self.spec, self.recipe, self.mix, self.out = spec, recipe, mix, out
        self.codec = spec.codec()
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self.network = spec.build().to(self.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.deployed = DeployNetwork(self.network).to(self.device)
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
            CropDataset(mix, spec.skeleton, spec.input_wh, recipe.augment),
            recipe.batch,
            sampler=self._sampler,
            num_workers=workers,
            persistent_workers=workers > 0,
            drop_last=True,
            collate_fn=collate,
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
        started, losses = time.perf_counter(), []
        self._sampler.epoch = self.state.progress.epoch
        self._sampler.skip = self.state.progress.step * self.recipe.batch
        self.network.train()
        for batch in self._batches():
            losses.append(self._step(*batch))
            for observer in self._observers:
                observer.on_step(self._global_step, self.total_steps, losses[-1])
        seconds = time.perf_counter() - started
        self.state.progress.finish_epoch(seconds)
        self._finish_epoch(losses, seconds)

    def _batches(self) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
        """Yield images uint8 (N, H, W, 3), targets (N, K, h, w) and weights (N, K) on the device."""
        for images, keypoints, weights in self._loader:
            targets = torch.from_numpy(self.codec.encode(keypoints.numpy()))
            yield images.to(self.device), targets.to(self.device), weights.to(self.device)

    @property
    def _global_step(self) -> int:
        return self.state.progress.epoch * self.steps_per_epoch + self.state.progress.step

    def _step(self, images: Tensor, targets: Tensor, weights: Tensor) -> float:
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.recipe.precision == "bf16"):
            outputs = self.deployed.all_heatmaps(images)
        loss = LOSSES[self.recipe.loss](outputs, targets, weights)
        value = float(loss.detach())
        if not math.isfinite(value):
            raise TrainingError(
                f"the loss is {value} at step {self._global_step}; the last good checkpoint is kept in {self.out}; "
                f"resume with a lower --learning-rate or with --precision fp32"
            )
        rate = self.recipe.rate_at(self._global_step, self.total_steps)
        self.state.descend(loss, rate, self.recipe.clip_norm, self._global_step)
        return value

    def _finish_epoch(self, losses: list[float], seconds: float) -> None:
        network, progress = self.state.average.network, self.state.progress
        accuracy = None
        if self._validate_on is not None:
            accuracy = validate_pck(
                network,
                self._validate_on,
                self.spec.skeleton,
                self.codec,
                self.recipe.augment.padding,
                bf16=self.recipe.precision == "bf16",
            )
        is_best = accuracy is None or accuracy > progress.best_pck
        if accuracy is not None:
            progress.best_pck = max(progress.best_pck, accuracy)
        self.save("last")
        if is_best:
            save_checkpoint(self.out / "best.safetensors", replace(self.checkpoint(), state={}))
        images = len(losses) * self.recipe.batch
        result = EpochResult(progress.epoch, float(np.mean(losses or [math.nan])), accuracy, images / seconds)
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
            self.codec,
            self.recipe.augment.padding,
            self.state.weights(),
            training,
            accuracy=[],
            state=self.state.tensors(),
        )

    def save(self, name: str) -> Path:
        """Write `out/NAME.safetensors` with everything needed to go on."""
        path = self.out / f"{name}.safetensors"
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


def collate(crops: list[Crop]) -> tuple[Tensor, Tensor, Tensor]:
    """Stack crops: images uint8 (N, H, W, 3), keypoints (N, K, 2), weights (N, K)."""
    images = torch.from_numpy(np.stack([crop.image_rgb for crop in crops]))
    keypoints = torch.from_numpy(np.stack([crop.keypoints_crop for crop in crops]))
    return images, keypoints, torch.from_numpy(np.stack([crop.weights for crop in crops]))


def _copy_weights(checkpoint: Checkpoint, spec: NetworkSpec, network: nn.Module) -> None:
    theirs, ours = ((s.name, s.skeleton.name, dict(s.settings)) for s in (checkpoint.spec, spec))
    if theirs != ours:
        raise CheckpointError(f"the checkpoint to start from holds {theirs}, the network to train is {ours}")
    network.load_state_dict(checkpoint.build().state_dict())
