"""Averaged weights: what they are, and what cannot be averaged."""

from pathlib import Path

import pytest
import torch
import typer
from typer.testing import CliRunner

from edgepose.cli.average import average
from edgepose.profiles.errors import EdgeposeError
from edgepose.train.checkpoints.checkpoint import load_checkpoint, save_checkpoint
from edgepose.train.checkpoints.model_soup import average_checkpoints
from support.tiny_checkpoint import tiny_checkpoint

APP = typer.Typer()
APP.command()(average)


@pytest.fixture
def runs(tmp_path: Path) -> list[Path]:
    """Two runs whose weights are those of one and ten times these."""
    paths = [tmp_path / "first.safetensors", tmp_path / "second.safetensors"]
    plain = tiny_checkpoint()
    for path, times in zip(paths, (1, 10), strict=True):
        weights = {k: t * times if t.is_floating_point() else t + times for k, t in plain.weights.items()}
        accuracy = [{"data": "x", "metric": "PCK@0.2", "precision": "fp32", "value": 50.0, "images": 1}]
        training = {**plain.training, "seed": times, "accuracy": {"data": "x", "PCK@0.2": 50.0}}
        save_checkpoint(path, tiny_checkpoint(weights=weights, accuracy=accuracy, training=training))
    return paths


def test_the_command_writes_the_weighted_mean_and_says_of_what(runs: list[Path], tmp_path: Path) -> None:
    out = tmp_path / "soup.safetensors"
    result = CliRunner().invoke(APP, [*map(str, runs), "--shares", "3,1", "--out", str(out)])
    assert result.exception is None
    soup, plain, last = load_checkpoint(out), tiny_checkpoint(), load_checkpoint(runs[1])
    for name, tensor in plain.weights.items():
        expected = tensor * 3.25 if tensor.is_floating_point() else last.weights[name]
        torch.testing.assert_close(soup.weights[name], expected)
    assert soup.training["averaged"] == [
        {"checkpoint": "first", "share": 0.75},
        {"checkpoint": "second", "share": 0.25},
    ]
    assert soup.training["seed"] == 10
    assert soup.accuracy == []
    assert "accuracy" not in soup.training
    assert soup.build() is not None


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--shares", "3"], "a share for each; found 2 and 1"),
        (["--shares", "3,x"], "--shares takes numbers with commas between them, as 3,1; found '3,x'"),
        (["--shares", "1,0"], "shares above 0; found first.safetensors 1, second.safetensors 0"),
        (["--shares", "nan,1"], "shares above 0"),
        (["--out", "soup.onnx"], "a checkpoint is a .safetensors file"),
    ],
)
def test_wrong_use_is_one_line(runs: list[Path], tmp_path: Path, options: list[str], message: str) -> None:
    out = [] if "--out" in options else ["--out", str(tmp_path / "soup.safetensors")]
    result = CliRunner().invoke(APP, [*map(str, runs), *options, *out])
    assert isinstance(result.exception, EdgeposeError), result.exception
    assert message in str(result.exception)
    assert not (tmp_path / "soup.safetensors").exists()


def test_other_networks_and_one_alone_cannot_be_averaged(runs: list[Path], tmp_path: Path) -> None:
    other = tmp_path / "other.safetensors"
    save_checkpoint(other, tiny_checkpoint(crop_padding=1.25, weights={"x": torch.zeros(2)}))
    with pytest.raises(EdgeposeError, match=r"other.safetensors is another network than .*second.safetensors"):
        average_checkpoints({other: 1.0, runs[1]: 1.0})
    save_checkpoint(other, tiny_checkpoint(crop_padding=2.0))
    with pytest.raises(EdgeposeError, match=r"other.safetensors is another network than .*, or of other crops"):
        average_checkpoints({other: 1.0, runs[1]: 1.0})
    with pytest.raises(EdgeposeError, match="two checkpoints or more"):
        average_checkpoints({runs[0]: 1.0})
