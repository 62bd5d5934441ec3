"""What is promised about imports, most of it shown in a fresh process."""

import pkgutil
import subprocess
import sys
from pathlib import Path

import pytest

import edgepose.profiles
import edgepose.runtime
from edgepose.runtime.model_files.sidecar import read_sidecar
from support.command_line import refused

_BLOCK = "import importlib, sys; sys.modules.update(dict.fromkeys({blocked}))\n"
"""Import as if these were not installed."""
_NEEDED_LATE = {
    "pycocotools": ("evaluate ppnet-lsp-128 --data synthetic:4", "evaluate"),
    "onnxscript": ("export ppnet-lsp-128 --out {folder}", "export"),
    "nncf": ("export ppnet-lsp-128 --out {folder} --to onnx,openvino", "export-openvino"),
    "litert_torch": ("export ppnet-lsp-128 --out {folder} --to tflite", "export-tflite"),
}
"""What no module imports at its head: a command that needs it, and the extra that brings it."""


def modules_below_train() -> list[str]:
    return [
        module.name
        for package in (edgepose.profiles, edgepose.runtime)
        for module in pkgutil.walk_packages(package.__path__, package.__name__ + ".")
    ]


def run_python(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_there_are_modules_to_test() -> None:
    assert len(modules_below_train()) > 30


def test_every_module_below_train_imports_without_torch_and_what_comes_with_it() -> None:
    blocked = {"torch", "safetensors", "scipy", "pycocotools", "tensorboard", "nncf", "onnx", "onnxsim"}
    imports = "".join(f"importlib.import_module({name!r})\n" for name in modules_below_train())
    run_python(_BLOCK.format(blocked=blocked) + imports)


def test_profiles_need_the_standard_library_alone() -> None:
    blocked = {"numpy", "cv2", "psutil", "typer", "rich"}
    names = [name for name in modules_below_train() if name.startswith("edgepose.profiles")]
    run_python(_BLOCK.format(blocked=blocked) + "".join(f"importlib.import_module({name!r})\n" for name in names))


def test_opening_a_model_pulls_in_one_engine_and_nothing_of_training() -> None:
    code = (
        "import sys; import edgepose.runtime.estimators, edgepose.runtime.pipeline, edgepose.runtime.backends;"
        "absent = ('torch', 'openvino', 'onnxruntime', 'ai_edge_litert', 'onnx', 'scipy', 'rich');"
        "print([m for m in absent if m in sys.modules])"
    )
    assert run_python(code).strip() == "[]"


def test_a_missing_engine_names_the_pip_command(tmp_path: Path) -> None:
    model = tmp_path / "model.xml"
    model.write_text("<net/>")
    model.with_suffix(".bin").write_bytes(b"")
    code = _BLOCK.format(blocked={"openvino"}) + (
        "from edgepose.runtime.backends import open_model\n"
        "from edgepose.runtime.errors import MissingExtraError\n"
        f"try: open_model({str(model)!r})\n"
        "except MissingExtraError as error: print(error)\n"
    )
    assert 'pip install "edgepose[openvino]"' in run_python(code)


@pytest.mark.parametrize(
    ("absent", "command", "extra"),
    [
        ("torch", "train --net repose --data x --out y", "train"),
        ("torch", "info repose", "train"),
        ("tensorboard", "train --net repose --data synthetic:4 --out {folder}", "train"),
    ],
)
def test_a_missing_module_names_the_pip_command(absent: str, command: str, extra: str, tmp_path: Path) -> None:
    code = _BLOCK.format(blocked={absent, *_NEEDED_LATE}) + (
        f"sys.argv = ['edgepose', *{command.format(folder=tmp_path / 'out').split()!r}]\n"
        "from edgepose.cli.main import main\n"
        "sys.stderr = sys.stdout\n"
        "try: main()\n"
        "except SystemExit as end: print(end.code)\n"
    )
    told = run_python(code)
    assert told.splitlines()[-2:] == [f'error: {absent} is not installed; run: pip install "edgepose[{extra}]"', "2"]


@pytest.mark.parametrize("absent", _NEEDED_LATE)
def test_a_missing_module_that_is_needed_late_names_the_pip_command(
    absent: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    command, extra = _NEEDED_LATE[absent]
    monkeypatch.setitem(sys.modules, absent, None)
    told = refused(*command.format(folder=tmp_path / "out").split())
    assert told == f'error: {absent} is not installed; run: pip install "edgepose[{extra}]"'


def test_a_format_is_made_without_the_tools_of_the_others(tmp_path: Path) -> None:
    others = {"openvino", "nncf", "litert_torch", "ai_edge_quantizer", "ai_edge_litert", "tensorrt_rtx"}
    options = ["--to", "onnx", "--precision", "fp32,int8", "--calibrate", "synthetic:16", "--limit", "16"]
    code = _BLOCK.format(blocked=others) + (
        "import importlib.metadata as metadata\n"
        "version = metadata.version\n"
        "def version_here(name):\n"
        f"    if name.replace('-', '_') in {others}: raise metadata.PackageNotFoundError(name)\n"
        "    return version(name)\n"
        "metadata.version = version_here\n"
        f"sys.argv = ['edgepose', 'export', 'ppnet-small-lsp-128', *{options}, '--out', {str(tmp_path)!r}]\n"
        "from edgepose.cli.main import main\n"
        "main()\n"
    )
    run_python(code)
    assert {path.name for path in tmp_path.glob("*.onnx")} == {
        "ppnet-small-lsp-128-fp32.onnx",
        "ppnet-small-lsp-128-int8.onnx",
    }
    card = read_sidecar(tmp_path / "ppnet-small-lsp-128-int8.onnx")
    assert card is not None
    assert "onnx" in card.provenance["export"]["versions"]
    assert not {name.replace("-", "_") for name in card.provenance["export"]["versions"]} & others
