"""`edgepose card` and `edgepose --version`: what somebody was handed."""

import json
from importlib.metadata import version
from pathlib import Path

from typer.testing import CliRunner

from edgepose.cli.main import app
from edgepose.profiles.errors import EdgeposeError
from edgepose.runtime.model_files.card import ModelCard
from support.tiny_model import save_tiny_onnx


def test_the_version_is_the_installed_one() -> None:
    result = CliRunner().invoke(app, ["--version"])
    assert (result.exit_code, result.output) == (0, f"edgepose {version('edgepose')}\n")


def test_a_card_is_shown_in_lines_or_whole(tmp_path: Path) -> None:
    path = str(save_tiny_onnx(tmp_path))
    told = CliRunner().invoke(app, ["card", path])
    assert told.exit_code == 0, told.exception
    names = [line.split()[0] for line in told.output.splitlines()]
    assert names[:3] == ["name", "network", "file"]
    assert {"input", "output", "skeleton", "licence"} <= set(names)
    whole = CliRunner().invoke(app, ["card", path, "--json"])
    assert ModelCard.from_json(whole.output).name == "tiny"
    assert json.loads(whole.output)["format"] == "onnx"


def test_what_ships_tells_its_accuracy_and_its_data() -> None:
    told = CliRunner().invoke(app, ["card", "ppnet-lsp-128"]).output
    assert "PCK@0.2 81.7" in told
    assert "trained on lsp:" in told
    assert "r_ankle" in told


def test_what_is_no_model_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "x.onnx").write_bytes(b"no model")
    assert isinstance(CliRunner().invoke(app, ["card", str(tmp_path / "x.onnx")]).exception, EdgeposeError)
