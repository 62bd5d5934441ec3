"""Checkpoints survive the trip through a file; bad ones are one clear error; a full disk or a kill loses nothing."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file

from edgepose.runtime.model_files.shipped import MODELS_FOLDER, shipped_models, shipped_names
from edgepose.runtime.skeleton import COCO_17
from edgepose.train.checkpoints.checkpoint import (
    Checkpoint,
    CheckpointError,
    load_checkpoint,
    resolve_checkpoint,
    save_checkpoint,
)
from edgepose.train.networks import NetworkSpec


def fresh(seed: int = 0) -> Checkpoint:
    torch.manual_seed(seed)
    spec = NetworkSpec.of_paper("repose", {"width": "8", "blocks": "1"}, COCO_17, (64, 64))
    weights = spec.build().state_dict()
    return Checkpoint(spec, spec.codec(), 1.25, weights, {"data": ["x"]}, [], {"optimiser.0.step": torch.tensor(3.0)})


def test_everything_survives_a_file(tmp_path: Path) -> None:
    saved, path = fresh(), tmp_path / "c.safetensors"
    save_checkpoint(path, saved)
    read = load_checkpoint(path, with_state=True)
    assert (read.spec, read.codec, read.crop_padding, read.training) == (saved.spec, saved.codec, 1.25, {"data": ["x"]})
    assert all(torch.equal(read.weights[name], tensor) for name, tensor in saved.weights.items())
    assert read.state["optimiser.0.step"] == 3
    assert load_checkpoint(path).state == {}
    image = torch.rand(1, 3, 64, 64)
    torch.testing.assert_close(read.build()(image)[-1], saved.build()(image)[-1])


@pytest.mark.parametrize("size", [0, 7, 100, 5000])
def test_a_truncated_file_is_one_clear_error(tmp_path: Path, size: int) -> None:
    path = tmp_path / "c.safetensors"
    save_checkpoint(path, fresh())
    path.write_bytes(path.read_bytes()[:size])
    with pytest.raises(CheckpointError, match=r"c.safetensors is no edgepose checkpoint or is damaged"):
        load_checkpoint(path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda document: document.pop("crop_padding"), "is no edgepose checkpoint or is damaged"),
        (lambda document: document.update(schema=2), "was written by another version of edgepose"),
        (lambda document: document["network"]["settings"].update(wings="2"), "is no edgepose checkpoint .*wings"),
    ],
)
def test_what_a_checkpoint_says_must_be_known(
    tmp_path: Path, change: Callable[[dict[str, Any]], object], message: str
) -> None:
    path = tmp_path / "c.safetensors"
    save_checkpoint(path, fresh())
    with safe_open(path, framework="pt") as file:
        document = json.loads(file.metadata()["edgepose.checkpoint"])
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    change(document)
    save_file(tensors, path, metadata={"edgepose.checkpoint": json.dumps(document)})
    with pytest.raises(CheckpointError, match=message):
        load_checkpoint(path)


def test_weights_of_another_network_are_one_clear_error() -> None:
    checkpoint = fresh()
    weights = dict(list(checkpoint.weights.items())[:-1])
    with pytest.raises(CheckpointError, match="the weights are not of the repose that the checkpoint says"):
        replace(checkpoint, weights=weights).build()


def test_a_shipped_name_stands_for_its_checkpoint(tmp_path: Path) -> None:
    for name in shipped_names():
        assert load_checkpoint(resolve_checkpoint(name)).accuracy
    own = tmp_path / "ppnet-lsp-128"
    own.write_bytes(b"")
    assert resolve_checkpoint(str(own)) == own
    with pytest.raises(CheckpointError, match=r"no checkpoint absent; .* or a shipped name: ppnet-lsp-128, repose"):
        resolve_checkpoint("absent")


def test_a_shipped_checkpoint_with_a_flipped_bit_is_one_clear_error(tmp_path: Path) -> None:
    name = min(shipped_models(), key=lambda model: model.size_mb).name
    for file in MODELS_FOLDER.glob(f"{name}.*"):
        shutil.copy(file, tmp_path)
    (tmp_path / "index.json").write_text(json.dumps([name]))
    checkpoint = resolve_checkpoint(name, tmp_path)
    content = bytearray(checkpoint.read_bytes())
    content[-1000] ^= 1
    checkpoint.write_bytes(content)
    with pytest.raises(CheckpointError, match="is not the file that ships, or is damaged; install edgepose again"):
        resolve_checkpoint(name, tmp_path)


def test_somebody_elses_safetensors_is_one_clear_error(tmp_path: Path) -> None:
    save_file({"a": torch.zeros(1)}, tmp_path / "other.safetensors")
    with pytest.raises(CheckpointError, match="no edgepose checkpoint"):
        load_checkpoint(tmp_path / "other.safetensors")


@pytest.mark.skipif(os.name != "posix", reason="limits file sizes as POSIX does")
def test_no_room_for_it_is_one_clear_error_and_keeps_the_old_one(tmp_path: Path) -> None:
    path = tmp_path / "c.safetensors"
    save_checkpoint(path, fresh())
    old = path.read_bytes()
    script = (
        "import resource, sys; from pathlib import Path; sys.path.insert(0, sys.argv[2])\n"
        "from train.checkpoints.test_checkpoint import fresh\n"
        "from edgepose.train.checkpoints.checkpoint import save_checkpoint\n"
        "checkpoint = fresh(1); resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))\n"
        "try: save_checkpoint(Path(sys.argv[1]), checkpoint)\n"
        "except Exception as error: print(type(error).__name__, error)\n"
    )
    command = [sys.executable, "-c", script, str(path), str(Path(__file__).parents[2])]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert "cannot write" in told
    assert "free some space" in told
    assert path.read_bytes() == old
    assert list(tmp_path.iterdir()) == [path]


def small_training(out: Path, *more: str) -> list[str]:
    """Return the command of a training that would go on for minutes."""
    network = ["--net", "ppnet-m1-d1-w8", "--set", "stem=8", "--input", "32x32", "--skeleton", "lsp-14"]
    command = [sys.executable, "-m", "edgepose.train", *network]
    return [*command, "--data", "synthetic:16", "--batch", "8", "--epochs", "400", "--out", str(out), *more]


def wait_for(path: Path) -> None:
    until = time.monotonic() + 120
    while not path.exists() and time.monotonic() < until:
        time.sleep(0.05)


@pytest.mark.slow
def test_kill_9_leaves_a_checkpoint_that_training_goes_on_from(tmp_path: Path) -> None:
    out = tmp_path / "run"
    command = small_training(out)
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as process:
        wait_for(out / "last.safetensors")
        time.sleep(0.5)
        process.send_signal(signal.SIGKILL)
    cut = load_checkpoint(out / "last.safetensors", with_state=True)
    assert 1 <= cut.training["progress"]["epoch"] < 400
    load_checkpoint(out / "best.safetensors")
    again = subprocess.Popen([*command, "--resume"], stderr=subprocess.DEVNULL)
    until = time.monotonic() + 120
    while load_checkpoint(out / "last.safetensors").training == cut.training and time.monotonic() < until:
        time.sleep(0.05)
    again.send_signal(signal.SIGINT)
    assert again.wait(60) == 130
    resumed = load_checkpoint(out / "last.safetensors")
    assert resumed.training["progress"]["epoch"] > cut.training["progress"]["epoch"]
    assert {file.name for file in out.iterdir()} == {"best.safetensors", "last.safetensors", "log"}


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="signals groups of processes as POSIX does")
def test_ending_all_of_its_processes_at_once_saves_and_stops(tmp_path: Path) -> None:
    out = tmp_path / "run"
    command = small_training(out, "--workers", "2")
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, start_new_session=True) as process:
        wait_for(out / "last.safetensors")
        os.killpg(process.pid, signal.SIGTERM)
        _, told = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Traceback" not in told
    assert "--resume" in told
    assert load_checkpoint(out / "last.safetensors", with_state=True).state
