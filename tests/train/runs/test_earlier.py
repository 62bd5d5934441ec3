"""Runs that begin with the weights of others: what comes first is made first, once, and goes on after a break."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
import typer
from typer.testing import CliRunner

from edgepose.train.checkpoints.checkpoint import load_checkpoint, save_checkpoint
from edgepose.train.errors import TrainingError
from edgepose.train.processes.world import World
from edgepose.train.runs.command import train
from edgepose.train.runs.config import SHIPPED, RunConfig, read_config
from edgepose.train.runs.earlier import earlier_runs, train_in_turn
from support.tiny_checkpoint import tiny_checkpoint

APP = typer.Typer()
APP.command()(train)
RECIPE = """
net = "ppnet-m1-d1-w8"
settings = { stem = 8 }
input = "32x32"
skeleton = "lsp-14"
recipe = "modern"
data = ["synthetic:4"]
[changes]
epochs = 1
batch = 2
"""


@pytest.fixture(autouse=True)
def recipes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Three recipes that ship: each begins with the one before."""
    folder = tmp_path / "recipes"
    folder.mkdir()
    for name, before in (("one", None), ("two", "one/last"), ("three", "two/best")):
        begin = f'start_from = "{before}.safetensors"\n' if before else ""
        (folder / f"{name}.toml").write_text(begin + RECIPE)
    for module in ("config", "earlier"):
        monkeypatch.setattr(f"edgepose.train.runs.{module}.SHIPPED", folder)
    monkeypatch.chdir(tmp_path)
    return folder


class Recorded:
    """Trains nothing: writes a checkpoint, finished or not, and keeps what it was called with."""

    def __init__(self, *, until: str = "") -> None:
        self.calls: list[tuple[str, str | None, bool]] = []
        self._until = until

    def __call__(self, run: RunConfig, out: Path, *, start_from: Path | None, resume: bool) -> Path:
        self.calls.append((out.name, None if start_from is None else str(start_from), resume))
        training = {"recipe": {"epochs": 4}, "progress": {"epoch": 2 if out.name == self._until else 4}}
        out.mkdir(parents=True, exist_ok=True)
        for name in ("best", "last"):
            save_checkpoint(out / f"{name}.safetensors", tiny_checkpoint(training=training))
        if out.name == self._until:
            raise KeyboardInterrupt
        return out / "last.safetensors"


def in_turn(recorded: Recorded, *, resume: bool = False, look_at: Callable[[RunConfig], object] = repr) -> None:
    run, here = read_config("three"), World()
    train_in_turn(run, Path("out"), recorded, resume=resume, world=here, look_at=look_at, tell=lambda _line: None)


def test_what_a_run_begins_with_is_made_first() -> None:
    recorded = Recorded()
    in_turn(recorded)
    assert recorded.calls == [
        ("one", None, False),
        ("two", "out/one/last.safetensors", False),
        ("out", "out/two/best.safetensors", False),
    ]


def test_in_the_end_the_weights_that_a_run_began_with_are_averaged_in(recipes: Path) -> None:
    text = (recipes / "three.toml").read_text()
    (recipes / "three.toml").write_text("start_share = 0.75\n" + text)
    for resume in (False, True):
        in_turn(Recorded(), resume=resume)
        paths = [Path("out") / name for name in ("two/best", "best", "averaged")]
        began, best, averaged = (load_checkpoint(path.with_suffix(".safetensors")) for path in paths)
        for name, weight in averaged.weights.items():
            if weight.is_floating_point():
                torch.testing.assert_close(weight, 0.75 * began.weights[name] + 0.25 * best.weights[name])
        assert [part["share"] for part in averaged.training["averaged"]] == [0.75, 0.25]
        Path("out/averaged.safetensors").unlink()


def test_after_a_break_what_is_finished_stays() -> None:
    with pytest.raises(KeyboardInterrupt):
        in_turn(Recorded(until="two"))
    recorded = Recorded()
    in_turn(recorded, resume=True)
    assert recorded.calls == [
        ("two", "out/one/last.safetensors", True),
        ("out", "out/two/best.safetensors", False),
    ]
    again = Recorded()
    in_turn(again, resume=True)
    assert again.calls == [("out", None, True)]


def test_there_must_be_something_to_go_on_with() -> None:
    with pytest.raises(TrainingError, match="nothing is saved in out yet to go on with"):
        in_turn(Recorded(), resume=True)


def test_a_mistake_in_the_last_run_is_told_before_the_first() -> None:
    def look_at(run: RunConfig) -> None:
        if run.start_from == "two/best.safetensors":
            raise TrainingError("no such data")

    recorded = Recorded()
    with pytest.raises(TrainingError, match="no such data"):
        in_turn(recorded, look_at=look_at)
    assert recorded.calls == []


def test_weights_that_lie_here_are_not_made_again() -> None:
    Path("two").mkdir()
    save_checkpoint(Path("two/best.safetensors"), tiny_checkpoint())
    recorded = Recorded()
    in_turn(recorded)
    assert recorded.calls == [("out", "two/best.safetensors", False)]


def test_the_command_trains_one_after_another_and_each_keeps_what_it_began_with() -> None:
    result = CliRunner().invoke(APP, ["--config", "two", "--out", "run", "--workers", "0"])
    assert result.exception is None, result.output
    first, second = (load_checkpoint(Path(name)) for name in ("run/one/last.safetensors", "run/last.safetensors"))
    assert second.training["config"]["start_from"] == "one/last.safetensors"
    assert second.training["start_from"]["config"] == first.training["config"]
    away = [(second.weights[name] - tensor).abs().max() for name, tensor in first.weights.items() if tensor.ndim == 4]
    assert 0 < torch.stack(away).max() < 0.1


def test_weights_that_the_command_line_names_are_not_made() -> None:
    start = ["--start-from", "one/last.safetensors"]
    result = CliRunner().invoke(APP, ["--config", "two", *start, "--out", "run", "--workers", "0"])
    assert "no checkpoint one/last.safetensors; expected" in str(result.exception)
    assert not Path("run").exists()


def test_int8_begins_with_what_the_caller_says_and_not_with_what_the_file_does() -> None:
    run = read_config("two").with_options({"qat": True}, {})
    assert run.start_from is None
    assert read_config("two").with_options({"qat": True, "start_from": "mine"}, {}).start_from == "mine"


@pytest.mark.parametrize("path", sorted(SHIPPED.glob("*.toml")), ids=lambda path: path.stem)
def test_every_recipe_begins_with_fresh_weights_in_the_end(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    runs = [*earlier_runs(run := read_config(str(path))), (path.stem, run)]
    assert runs[0][1].start_from is None
    assert len({name for name, _ in runs}) == len(runs)
