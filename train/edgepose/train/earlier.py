"""Runs that begin with the weights of others: what ships was trained in several, and one command makes them all."""

from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from edgepose.train.checkpoint import load_checkpoint
from edgepose.train.config import SHIPPED, RunConfig, read_config

_MADE = ("best.safetensors", "last.safetensors")


class Train(Protocol):
    """What trains one run."""

    def __call__(self, run: RunConfig, out: Path, *, start_from: Path | None, resume: bool) -> Path:
        """Train into a folder and return the last checkpoint."""


def train_in_turn(run: RunConfig, out: Path, train: Train, *, resume: bool, tell: Callable[[str], None]) -> Path:
    """Train a run, and before it those whose weights it begins with, each in a folder of its name inside `out`.

    `resume` leaves out what is finished and goes on with what is not. Returns the run's last checkpoint.
    """
    has_begun = (out / "last.safetensors").exists()
    earlier = [] if has_begun else earlier_runs(run)
    if earlier:
        tell(f"first, in {out}: {', '.join(name for name, _ in earlier)}")
    for name, before in earlier:
        last = out / name / "last.safetensors"
        if not (resume and _is_finished(last)):
            train(before, out / name, start_from=_weights(before, out), resume=resume and last.exists())
    return train(run, out, start_from=_weights(run, out), resume=resume and (has_begun or not earlier))


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


def _is_finished(last: Path) -> bool:
    if not last.exists():
        return False
    training = load_checkpoint(last).training
    return bool(training["progress"]["epoch"] >= training["recipe"]["epochs"])
