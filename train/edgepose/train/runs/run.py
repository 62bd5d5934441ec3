"""One training run as the command line offers it: progress, log, resume, and what to do after Ctrl-C."""

from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import cv2
import torch
from rich.console import Console

from edgepose.profiles.probe import probe_this_machine
from edgepose.train.checkpoints.checkpoint import Checkpoint, load_checkpoint, resolve_checkpoint, save_checkpoint
from edgepose.train.data import DataSpec, PoseDataset, WeightedDataset, open_dataset, open_mix, without_labels
from edgepose.train.data.fingerprint import fingerprint
from edgepose.train.errors import SavedAndStopped, TrainingError
from edgepose.train.loop.observers import ProgressBar, ProgressLines, TensorBoardLog
from edgepose.train.loop.progress import Observer
from edgepose.train.loop.trainer import Trainer
from edgepose.train.networks import NetworkSpec
from edgepose.train.objectives import Objective, objective_of
from edgepose.train.processes.world import World, torchrun_began_at, was_restarted
from edgepose.train.recipe import Recipe
from edgepose.train.runs.config import RunConfig


@dataclass(frozen=True)
class OpenedRun:
    """What a run's configuration names, read and built."""

    spec: NetworkSpec
    recipe: Recipe
    mix: list[WeightedDataset]
    validate_on: PoseDataset | None
    objective: Objective


def open_run(run: RunConfig, data_root: Path) -> OpenedRun:
    """Open everything that a run names but the weights that it begins with.

    Raises `EdgeposeError` for data, a teacher, a parsing branch, a network or a recipe that cannot be had.
    """
    mix = open_mix(run.data, data_root) + without_labels(open_mix(run.unlabelled, data_root))
    validate_on = open_dataset(run.validate, data_root) if run.validate else None
    teachers = [load_checkpoint(resolve_checkpoint(teacher)) for teacher in run.teacher]
    spec = run.spec(mix, teachers)
    recipe = run.recipe_for(spec)
    parsing = load_checkpoint(Path(run.parsing)) if run.parsing else None
    return OpenedRun(spec, recipe, mix, validate_on, objective_of(spec, recipe, parsing, teachers))


@contextmanager
def gpu_memory_told() -> Iterator[None]:
    """Raise `TrainingError` in a `with` where a GPU has no memory left."""
    try:
        yield
    except torch.OutOfMemoryError as error:
        raise TrainingError(
            "the GPU has no memory left for this training; free it, or choose another by CUDA_VISIBLE_DEVICES"
        ) from error


@gpu_memory_told()
def run_training(
    run: RunConfig,
    out: Path,
    *,
    data_root: Path,
    start_from: Path | None = None,
    workers: int,
    resume: bool,
    save_minutes: float,
    compiled: bool = False,
    world: World,
    console: Console,
) -> Path:
    """Train, and return the path of the last checkpoint; the first process of a world writes and tells.

    A process that torchrun starts again goes on from the last checkpoint. Raises `TrainingError` when `out` holds a run
    that was not asked to be resumed, or --qat has no weights to start from, and what `Trainer` raises.
    """
    resume = world.from_first(lambda: _is_resumed(out, resume=resume))
    checkpoint = _to_start_from(run, start_from)
    opened = open_run(run, data_root)
    if run.start_share and checkpoint is not None:
        _require_averageable(checkpoint, opened)
    set_up_libraries()
    trainer = Trainer(
        opened.spec,
        opened.recipe,
        opened.mix,
        out,
        objective=opened.objective,
        start_from=checkpoint,
        validate_on=opened.validate_on,
        workers=workers,
        world=world,
        save_minutes=save_minutes,
        compiled=compiled,
        record=_record(run, data_root, world),
    )
    if resume:
        trainer.resume()
    elif trainer.transfer is not None and world.is_first:
        console.print(str(trainer.transfer))
    world.from_first(lambda: _make_folder(out / "log"))
    with ExitStack() as stack:
        if world.is_first:
            shown_on = opened.validate_on or opened.mix[0].dataset
            log = TensorBoardLog(out / "log", shown_on, opened.objective, console)
            # a bar in a log file shows nothing until it ends
            has_bar = console.is_terminal and not console.is_dumb_terminal
            shown: Observer = stack.enter_context(ProgressBar(console)) if has_bar else ProgressLines(console)
            trainer.observers = (shown, stack.enter_context(closing(log)))
        _train(trainer, console)
    if opened.validate_on is not None:
        _report(out / "best.safetensors", opened.objective, opened.validate_on, world)
    if world.is_first:
        console.print(f"wrote {out / 'best.safetensors'} and {out / 'last.safetensors'}")
    return out / "last.safetensors"


def _to_start_from(run: RunConfig, start_from: Path | None) -> Checkpoint | None:
    """Return the weights that a run begins with, none for fresh ones."""
    if run.qat and start_from is None:
        raise TrainingError("--qat makes trained weights fit for int8; say which with --start-from CHECKPOINT")
    if run.qat and run.parsing is not None:
        raise TrainingError("--qat trains all of a network for int8; leave --parsing out, --start-from has the branch")
    if run.unlabelled and not run.teacher:
        raise TrainingError("unlabelled data needs somebody to label it; say who with --teacher CHECKPOINT")
    if "teacher_weight" in run.changes and not run.teacher:
        raise TrainingError("--teacher-weight is that of a teacher's maps; say whose with --teacher CHECKPOINT")
    return load_checkpoint(resolve_checkpoint(str(start_from))) if start_from else None


def _require_averageable(began_with: Checkpoint, opened: OpenedRun) -> None:
    """Raise `TrainingError` where a run's weights cannot be averaged with those that it begins with."""
    padding = opened.recipe.augment.padding
    if began_with.spec != opened.spec or began_with.crop_padding != padding:
        raise TrainingError(
            f"start_share averages weights of one network and padding; this run is {opened.spec.name} at "
            f"{opened.spec.input_wh[0]}x{opened.spec.input_wh[1]} with {padding:g}, and begins with "
            f"{began_with.spec.name} at {began_with.spec.input_wh[0]}x{began_with.spec.input_wh[1]} with "
            f"{began_with.crop_padding:g}; leave start_share out"
        )


def set_up_libraries() -> None:
    """Let OpenCV and cuDNN work as is best for training."""
    # the loader's processes are the parallelism here; OpenCV's own threads only get in each other's way
    cv2.setNumThreads(1)
    # crops have one size: the first steps find the fastest kernels for it
    torch.backends.cudnn.benchmark = True


def _train(trainer: Trainer, console: Console) -> None:
    """Train to the end, or say after Ctrl-C how to go on."""
    last = trainer.out / "last.safetensors"
    try:
        trainer.run()
    except KeyboardInterrupt as stop:
        if isinstance(stop, SavedAndStopped):
            told = f"saved {last}; the same command with --resume goes on"
        elif last.exists():
            told = f"stopped without saving; the same command with --resume goes on from what {last} has"
        else:
            told = "stopped without saving, before there was a checkpoint"
        if trainer.world.is_first:
            console.print(told)
        raise


def _is_resumed(out: Path, *, resume: bool) -> bool:
    """Return whether a run goes on; one that is there and is not to go on is not overwritten.

    What torchrun starts again goes on with its own run, and not with an older one that made it fail at first.
    """
    last = out / "last.safetensors"
    exists = last.exists()
    resume = resume or (exists and was_restarted() and last.stat().st_mtime >= torchrun_began_at())
    if exists and not resume:
        raise TrainingError(f"{out} already holds a training run; add --resume to go on, or choose another --out")
    return resume


def _make_folder(log: Path) -> None:
    """Make the folder of a run's log, and with it the run's: last, so that a mistake leaves none behind."""
    try:
        log.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise TrainingError(f"cannot write {log.parent}: {error.strerror}; choose another --out") from error


def _record(run: RunConfig, data_root: Path, world: World) -> dict[str, Any]:
    """Return what is known of a run before it begins: its configuration, its data and the machine."""
    named = [DataSpec.parse(spec) for spec in (*run.data, *run.unlabelled, *filter(None, [run.validate]))]
    specs = sorted({str(replace(spec, weight=1.0)) for spec in named})
    machine = probe_this_machine()
    gpu = {"gpu": torch.cuda.get_device_name()} if world.device.type == "cuda" else {}
    return {
        "config": run.to_dict(),
        "data_sha256": world.from_first(lambda: {spec: fingerprint(spec, data_root) for spec in specs}),
        "hardware": {"cpu": machine.cpu, "cores": machine.cores, **gpu, "processes": world.size},
    }


def _report(path: Path, objective: Objective, dataset: PoseDataset, world: World) -> None:
    """Note in a checkpoint how accurate it is, joint by joint: what was validated, in int8's values after --qat."""
    best = world.from_first(lambda: load_checkpoint(path))
    figures = objective.report(best.build_as_trained().to(world.device), dataset)
    if world.is_first:
        training = {**best.training, "accuracy": {"data": dataset.name, **figures}}
        save_checkpoint(path, replace(best, training=training))
