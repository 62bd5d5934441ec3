"""Runs that begin with the weights of others: what ships was trained in several, and one command makes them all."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Protocol

from edgepose.train.checkpoints.checkpoint import load_checkpoint, resolve_checkpoint, save_checkpoint
from edgepose.train.checkpoints.model_soup import average_checkpoints
from edgepose.train.errors import TrainingError
from edgepose.train.processes.world import World
from edgepose.train.runs.config import SHIPPED, RunConfig, read_config

AVERAGED = "averaged.safetensors"
_MADE = ("best.safetensors", "last.safetensors")


class Train(Protocol):
    """What trains one run."""

    def __call__(self, run: RunConfig, out: Path, *, start_from: Path | None, resume: bool) -> Path:
        """Train into a folder and return the last checkpoint."""


def train_in_turn(
    run: RunConfig,
    out: Path,
    train: Train,
    *,
    resume: bool,
    world: World,
    look_at: Callable[[RunConfig], object],
    tell: Callable[[str], None],
) -> Path:
    """Train a run, and before it those whose weights it begins with, each in a folder of its name inside `out`.

    With a `start_share` the average with the weights that it began with lies beside the last checkpoint in the end.
    `resume` leaves out what is finished and goes on with what is not. Before the first of several, `look_at` raises for
    any that cannot be trained. Returns the run's last checkpoint. What lies in `out` is for the world's first process
    to say. Raises `TrainingError` when there is nothing to resume.
    """
    earlier = world.from_first(lambda: [] if _has_begun(out) else earlier_runs(run))
    begun = world.from_first(lambda: [_has_begun(folder) for folder in (out, *(out / name for name, _ in earlier))])
    if resume and not any(begun):
        raise TrainingError(f"nothing is saved in {out} yet to go on with; leave --resume out, or give the run's --out")
    if earlier:
        for each in (*(before for _, before in earlier), run):
            look_at(each)
        tell(f"first, in {out}: {', '.join(name for name, _ in earlier)}")
    for (name, before), has_begun in zip(earlier, begun[1:], strict=True):
        if not (resume and world.from_first(partial(_is_finished, out / name))):
            train(before, out / name, start_from=_weights(before, out), resume=resume and has_begun)
    # the weights of what has begun are its own: those that it began with may be gone
    start_from = None if resume and begun[0] and not run.qat else _weights(run, out)
    began_with = resolve_checkpoint(str(_weights(run, out))) if run.start_share else None
    last = train(run, out, start_from=start_from, resume=resume and begun[0])
    if began_with is not None and world.is_first:
        shares = {began_with: run.start_share, out / "best.safetensors": 1 - run.start_share}
        save_checkpoint(out / AVERAGED, average_checkpoints(shares))
        tell(f"wrote {out / AVERAGED}, {run.start_share:g} of it {began_with}")
    return last


def earlier_runs(run: RunConfig) -> list[tuple[str, RunConfig]]:
    """Return the recipes whose runs come before a run, by name, the first one first.

    Such a run's `start_from` is RECIPE/best.safetensors or RECIPE/last.safetensors, with no such file here.
    """
    earlier: list[tuple[str, RunConfig]] = []
    while (name := _recipe_of(run.start_from)) is not None:
        run = read_config(name)
        earlier.insert(0, (name, run))
    return earlier


def _recipe_of(start_from: str | None) -> str | None:
    path = Path(start_from or "")
    is_recipes = len(path.parts) == 2 and path.name in _MADE and (SHIPPED / f"{path.parts[0]}.toml").exists()
    return path.parts[0] if is_recipes and not path.exists() else None


def _weights(run: RunConfig, out: Path) -> Path | None:
    if run.start_from is None:
        return None
    return out / run.start_from if _recipe_of(run.start_from) else Path(run.start_from)


def _has_begun(folder: Path) -> bool:
    return (folder / "last.safetensors").exists()


def _is_finished(folder: Path) -> bool:
    if not _has_begun(folder):
        return False
    training = load_checkpoint(folder / "last.safetensors").training
    return bool(training["progress"]["epoch"] >= training["recipe"]["epochs"])
