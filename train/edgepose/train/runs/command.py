"""`edgepose train`: from data to a checkpoint."""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from edgepose.train.runs import train_options as options
from edgepose.train.runs.options import chosen, parse_settings

if TYPE_CHECKING:
    from edgepose.train.runs.config import RunConfig


def train(
    *,
    out: options.Out,
    config: options.Config = None,
    net: options.Net = None,
    data: options.Data = None,
    data_root: options.DataRoot = Path(),
    settings: options.Settings = None,
    input_size: options.InputSize = None,
    skeleton: options.Skeleton = None,
    recipe: options.Recipe = None,
    epochs: options.Epochs = None,
    batch: options.Batch = None,
    learning_rate: options.LearningRate = None,
    precision: options.Precision = None,
    seed: options.Seed = None,
    start_from: options.StartFrom = None,
    parsing: options.Parsing = None,
    qat: options.Qat = False,
    teacher: options.Teacher = None,
    teacher_weight: options.TeacherWeight = None,
    unlabelled: options.Unlabelled = None,
    validate: options.Validate = None,
    workers: options.Workers = None,
    compiled: options.Compiled = False,
    sync_bn: options.SyncBn = False,
    save_minutes: options.SaveMinutes = 10,
    resume: options.Resume = False,
) -> None:
    """Train a network; Ctrl-C saves it, --resume goes on to the same numbers as without the break.

    On several GPUs or machines: torchrun --nproc-per-node GPUS -m edgepose.train, with the same options.
    """
    from edgepose.train.checkpoints.checkpoint import resolve_checkpoint  # noqa: PLC0415  heavy imports wait until it is called
    from edgepose.train.runs.config import RunConfig, read_config  # noqa: PLC0415

    network = chosen(net=net, settings=parse_settings(settings), input=input_size, skeleton=skeleton)
    learned = chosen(data=data, validate=validate, teacher=teacher, unlabelled=unlabelled, recipe=recipe, qat=qat)
    learned |= chosen(start_from=start_from, parsing=parsing)
    changes = chosen(epochs=epochs, batch=batch, learning_rate=learning_rate, precision=precision, seed=seed)
    changes |= chosen(sync_bn=sync_bn, teacher_weight=teacher_weight)
    run = (read_config(config) if config else RunConfig()).with_options(network | learned, changes)
    if start_from is not None:
        resolve_checkpoint(start_from)  # only what a file begins with may be made first
    _train_here(
        run, out, data_root=data_root, workers=workers, compiled=compiled, resume=resume, save_minutes=save_minutes
    )


def _train_here(
    run: "RunConfig",
    out: Path,
    *,
    data_root: Path,
    workers: int | None,
    compiled: bool,
    resume: bool,
    save_minutes: float,
) -> None:
    """Train a run, and what comes before it, in this process or as one of those that torchrun started."""
    from rich.console import Console  # noqa: PLC0415

    from edgepose.train.processes.world import joined_world  # noqa: PLC0415
    from edgepose.train.runs.earlier import train_in_turn  # noqa: PLC0415
    from edgepose.train.runs.run import open_run, run_training  # noqa: PLC0415

    console = Console(stderr=True, emoji=False, markup=False)
    with joined_world() as world:
        one_run = partial(
            run_training,
            data_root=data_root,
            workers=world.loaders() if workers is None else workers,
            compiled=compiled,
            save_minutes=save_minutes,
            world=world,
            console=console,
        )
        tell = console.print if world.is_first else (lambda _line: None)
        look_at = partial(open_run, data_root=data_root)
        train_in_turn(run, out, one_run, resume=resume, world=world, look_at=look_at, tell=tell)
