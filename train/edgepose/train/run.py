"""One training run as the command line offers it: progress, log, resume, and what to do after Ctrl-C."""

from contextlib import closing
from pathlib import Path

import cv2
from rich.console import Console

from edgepose.train.checkpoint import load_checkpoint
from edgepose.train.data import PoseDataset, WeightedDataset
from edgepose.train.loop import Trainer, TrainingError
from edgepose.train.networks import NetworkSpec
from edgepose.train.objectives import objective_of
from edgepose.train.observers import ConsoleProgress, TensorBoardLog
from edgepose.train.recipe import Recipe


def run_training(
    spec: NetworkSpec,
    recipe: Recipe,
    mix: list[WeightedDataset],
    out: Path,
    *,
    start_from: Path | None = None,
    validate_on: PoseDataset | None,
    workers: int,
    resume: bool,
    console: Console,
) -> Path:
    """Train, and return the path of the last checkpoint.

    Raises `TrainingError` when `out` already holds a run that was not asked to be resumed or --qat has no weights to
    start from, and what `Trainer` raises.
    """
    if recipe.qat and start_from is None:
        raise TrainingError("--qat makes trained weights fit for int8; say which with --start-from CHECKPOINT")
    if (out / "last.safetensors").exists() and not resume:
        raise TrainingError(f"{out} already holds a training run; add --resume to go on, or choose another --out")
    checkpoint = load_checkpoint(start_from) if start_from else None
    try:
        (out / "log").mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise TrainingError(f"cannot write {out}: {error.strerror}; choose another --out") from error
    # the loader's processes are the parallelism here; OpenCV's own threads only get in each other's way
    cv2.setNumThreads(1)
    objective = objective_of(spec, recipe)
    log = TensorBoardLog(out / "log", validate_on or mix[0].dataset, objective)
    with closing(log), ConsoleProgress(console) as bar:
        trainer = Trainer(
            spec,
            recipe,
            mix,
            out,
            objective=objective,
            start_from=checkpoint,
            validate_on=validate_on,
            workers=workers,
            observers=(bar, log),
        )
        if resume:
            trainer.resume()
        try:
            trainer.run()
        except KeyboardInterrupt:
            console.print(f"saved {out / 'last.safetensors'}; the same command with --resume goes on")
            raise
    console.print(f"wrote {out / 'best.safetensors'} and {out / 'last.safetensors'}")
    return out / "last.safetensors"
