"""`python -m edgepose.train` is `edgepose train`: the same options, the same one-line errors."""

import subprocess
import sys
from pathlib import Path

from typer.testing import CliRunner

from edgepose.cli.main import app as edgepose
from edgepose.profiles.errors import EdgeposeError
from edgepose.train.__main__ import app
from edgepose.train.errors import TrainingError


def test_takes_the_options_of_edgepose_train() -> None:
    runner = CliRunner()
    here, there = (runner.invoke(*called).output for called in ((app, ["--help"]), (edgepose, ["train", "--help"])))
    assert "--sync-bn" in here
    assert here.split("Options")[1] == there.split("Options")[1]


def test_a_mistake_is_one_line_and_exit_code_2() -> None:
    command = [sys.executable, "-m", "edgepose.train", "--net", "nothing", "--data", "synthetic:1", "--out", "x"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr.startswith("error: unknown network 'nothing'")
    assert done.stderr.count("\n") == 1


def test_int8_and_a_branch_that_learns_no_more_exclude_each_other(tmp_path: Path) -> None:
    run = ["--net", "pil", "--data", "synthetic:4", "--out", str(tmp_path / "run"), "--qat"]
    told = CliRunner().invoke(app, [*run, "--start-from", "ppnet-lsp-128", "--parsing", "b.safetensors"]).exception
    assert isinstance(told, TrainingError)
    assert "leave --parsing out" in str(told)
    assert not (tmp_path / "run").exists()


def test_what_has_no_effect_without_a_teacher_is_told(tmp_path: Path) -> None:
    run = ["--net", "ppnet-m1-d1-w8", "--data", "synthetic:4", "--out", str(tmp_path / "run")]
    told = CliRunner().invoke(app, [*run, "--teacher-weight", "0.3"]).exception
    assert isinstance(told, TrainingError)
    assert "say whose with --teacher" in str(told)


def test_an_unknown_recipe_is_told_with_those_that_there_are(tmp_path: Path) -> None:
    run = ["--net", "ppnet-m1-d1-w8", "--data", "synthetic:4", "--out", str(tmp_path / "run")]
    told = CliRunner().invoke(app, [*run, "--recipe", "papers"]).exception
    assert isinstance(told, EdgeposeError)
    assert str(told) == "unknown recipe 'papers'; known: paper, modern"
    assert not (tmp_path / "run").exists()
