"""One training run as the command line offers it: progress, log, resume, and what to do after Ctrl-C."""

from contextlib import ExitStack, closing
from pathlib import Path

import cv2
from rich.console import Console

from edgepose.train.checkpoint import load_checkpoint
from edgepose.train.data import PoseDataset, WeightedDataset
from edgepose.train.loop import Trainer, TrainingError
from edgepose.train.networks import NetworkSpec
from edgepose.train.objectives import objective_of
from edgepose.train.observers import ConsoleProgress, TensorBoardLog
from edgepose.train.progress import Observer
from edgepose.train.recipe import Recipe
from edgepose.train.world import World, was_restarted


def run_training(
    spec: NetworkSpec,
    recipe: Recipe,
    mix: list[WeightedDataset],
    out: Path,
    *,
    start_from: Path | None = None,
    parsing: Path | None = None,
    validate_on: PoseDataset | None,
    workers: int,
    resume: bool,
    save_minutes: float,
    world: World,
    console: Console,
) -> Path:
    """Train, and return the path of the last checkpoint; the first process of a world writes and tells.

    A process that torchrun starts again goes on from the last checkpoint. Raises `TrainingError` when `out` already
    holds a run that was not asked to be resumed or --qat has no weights to start from, and what `Trainer` raises.
    """
    if recipe.qat and start_from is None:
        raise TrainingError("--qat makes trained weights fit for int8; say which with --start-from CHECKPOINT")
    resume = world.from_first(lambda: _prepare(out, resume=resume))
    # the loader's processes are the parallelism here; OpenCV's own threads only get in each other's way
    cv2.setNumThreads(1)
    objective = objective_of(spec, recipe, load_checkpoint(parsing) if parsing else None)
    with ExitStack() as stack:
        observers: tuple[Observer, ...] = ()
        if world.is_first:
            log = TensorBoardLog(out / "log", validate_on or mix[0].dataset, objective)
            observers = (stack.enter_context(ConsoleProgress(console)), stack.enter_context(closing(log)))
        trainer = Trainer(
            spec,
            recipe,
            mix,
            out,
            objective=objective,
            start_from=load_checkpoint(start_from) if start_from else None,
            validate_on=validate_on,
            workers=workers,
            observers=observers,
            world=world,
            save_minutes=save_minutes,
        )
        if resume:
            trainer.resume()
        try:
            trainer.run()
        except KeyboardInterrupt:
            if world.is_first:
                console.print(f"saved {out / 'last.safetensors'}; the same command with --resume goes on")
            raise
    if world.is_first:
        console.print(f"wrote {out / 'best.safetensors'} and {out / 'last.safetensors'}")
    return out / "last.safetensors"


def _prepare(out: Path, *, resume: bool) -> bool:
    """Make the folder of a run; return whether there is one to go on with."""
    exists = (out / "last.safetensors").exists()
    resume = resume or (exists and was_restarted())
    if exists and not resume:
        raise TrainingError(f"{out} already holds a training run; add --resume to go on, or choose another --out")
    try:
        (out / "log").mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise TrainingError(f"cannot write {out}: {error.strerror}; choose another --out") from error
    return resume
