"""The commands `export` and `demo`: wrong use is one line, right use prints the table."""

import subprocess
import sys
from pathlib import Path

import pytest
import typer
from click.testing import Result
from typer.testing import CliRunner

from edgepose.cli.demo import demo
from edgepose.cli.export import export, wide_console
from edgepose.profiles.errors import EdgeposeError
from edgepose.runtime.model_files.shipped import shipped_names
from support.command_line import edgepose

APP = typer.Typer()
APP.command()(export)
APP.command()(demo)


def invoke(*arguments: str) -> Result:
    return CliRunner().invoke(APP, list(arguments))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--to", "caffe"], "unknown format 'caffe'; known: all, onnx, openvino"),
        (["--to", ","], "--to takes names with commas between them"),
        (["--precision", "fp8"], "unknown precision 'fp8' for onnx, openvino; known: fp32, fp16, int8"),
        (["--precision", "fp32,int8"], "int8 needs data to calibrate with; give --calibrate"),
        (["--device", "abacus"], "unknown device 'abacus'"),
        (["--exclude", "stem"], "--exclude is for int8, found fp32"),
        (["--to", "all", "--precision", "fp32,fp16,int8"], "int8 needs data to calibrate with; give --calibrate"),
        (["--calibrate", "nothing:here"], "unknown kind of data 'nothing'"),
    ],
)
def test_wrong_use_is_one_line_and_leaves_nothing(
    options: list[str], message: str, ppnet: Path, tmp_path: Path
) -> None:
    result = invoke("export", str(ppnet), "--out", str(tmp_path / "out"), *options)
    assert isinstance(result.exception, EdgeposeError), (result.output, result.exception)
    assert message in str(result.exception)
    assert "\n" not in str(result.exception)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("command", [["export", "absent"], ["demo", "--model", "absent"]])
def test_an_unknown_checkpoint_lists_what_ships(command: list[str], tmp_path: Path) -> None:
    result = invoke(*command, "--out", str(tmp_path / "out"))
    expected = "a .safetensors that `edgepose train` wrote, or a shipped name"
    assert shipped_names()
    assert str(result.exception) == f"no checkpoint absent; expected {expected}: {', '.join(shipped_names())}"


def test_a_demo_of_no_source_ends_before_the_work(ppnet: Path, tmp_path: Path) -> None:
    result = invoke("demo", "--model", str(ppnet), "--source", "absent.mp4", "--out", str(tmp_path / "out"))
    assert "no such source: absent.mp4" in str(result.exception)
    assert list(tmp_path.iterdir()) == []


def test_export_writes_files_and_prints_the_table(ppnet: Path, dots: str, tmp_path: Path) -> None:
    out = tmp_path / "out"
    result = invoke("export", str(ppnet), "--to", "onnx", "--validate", dots, "--out", str(out))
    assert result.exception is None
    assert "on 24 people of" in " ".join(result.stdout.split())
    assert {path.name for path in out.iterdir()} == {"small-fp32.onnx", "small-fp32.onnx.card.json", "export.json"}


def test_a_file_that_is_not_good_enough_is_code_2_after_the_table(spoiled: Path, dots: str, tmp_path: Path) -> None:
    out = tmp_path / "out"
    words = ["--to", "openvino", "--precision", "fp32,int8", "--calibrate", dots, "--no-search", "--out", out]
    code, printed, told = edgepose("export", spoiled, *words)
    assert code == 2, told
    rows = [line.split()[:2] for line in printed.splitlines()]
    assert rows.count(["openvino", "fp32"]) == 1
    assert ["openvino", "int8"] not in rows
    errors = [line for line in told.splitlines() if line.startswith("error: ")]
    assert errors == told.splitlines()[-1:]
    assert errors[0].startswith("error: openvino int8 of spoiled ")
    assert (out / "spoiled-fp32.xml").is_file()
    assert not (out / "spoiled-int8.xml").exists()


def test_a_name_of_data_is_no_picture() -> None:
    """Rich would make an emoji of the number between colons."""
    assert wide_console().render_str("synthetic:100:3").plain == "synthetic:100:3"


@pytest.mark.slow
@pytest.mark.long
def test_the_demo_makes_models_and_a_video(ppnet: Path, tmp_path: Path) -> None:
    result = invoke("demo", "--model", str(ppnet), "--source", "synthetic:0:20", "--out", str(tmp_path))
    # the network knows dots only, so that int8 may lose what chance gave it on rendered people
    assert result.exception is None or "int8 of small" in str(result.exception)
    assert (tmp_path / "poses.mp4").stat().st_size > 0
    assert (tmp_path / "models" / "small-fp32.xml").is_file()
    assert "frames/s" in result.output


@pytest.mark.slow
def test_the_quantiser_reports_to_nobody() -> None:
    # not in this process: under pytest it is off anyway
    code = (
        "from edgepose.export.quiet import refuse_telemetry; refuse_telemetry(); import nncf.telemetry.wrapper as w; "
        "print(type(w.telemetry).__name__)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=250)
    assert done.stdout.strip() == "MagicMock"
