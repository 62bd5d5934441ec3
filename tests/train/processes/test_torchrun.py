"""Several processes train what one would, and go on after one of them is killed."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import psutil
import pytest
import torch

from edgepose.runtime.codecs import of_one_person
from edgepose.runtime.skeleton import LSP_14
from edgepose.train.checkpoints.checkpoint import Checkpoint, load_checkpoint
from edgepose.train.data import open_dataset
from edgepose.train.evaluation.validation import validate_pck
from support.shared_losses import losses_of_a_run

TORCHRUN = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
ENVIRONMENT = {**os.environ, "OMP_NUM_THREADS": "1"}
VALIDATION = "synthetic:70:3"
TRAINING = ["-m", "edgepose.train", "--net", "ppnet-m1-d1-w8", "--set", "stem=8", "--input", "32x32"]
TRAINING += ["--skeleton", "lsp-14", "--data", "synthetic:16", "--recipe", "modern", "--precision", "fp32"]
TRAINING += ["--batch", "8", "--epochs", "12", "--workers", "0", "--save-minutes", "0", "--validate", VALIDATION]


@pytest.mark.slow
def test_two_processes_have_the_losses_of_one_with_the_same_batch(tmp_path: Path) -> None:
    environment = {**ENVIRONMENT, "PYTHONPATH": str(Path(__file__).parents[2])}
    command = [*TORCHRUN, "-m", "support.shared_losses", str(tmp_path)]
    subprocess.run(command, env=environment, check=True, timeout=200)
    first, second = (json.loads(path.read_text()) for path in tmp_path.glob("losses-*.json"))
    alone = losses_of_a_run(tmp_path / "alone")
    assert len(alone) == 20
    assert first == second
    np.testing.assert_allclose(first[:3], alone[:3], atol=1e-6)
    np.testing.assert_allclose(first, alone, atol=1e-4)
    together, by_itself = (load_checkpoint(out / "last.safetensors").training for out in (tmp_path, tmp_path / "alone"))
    losses = [[point["loss"] for point in run["progress"]["curve"]] for run in (together, by_itself)]
    np.testing.assert_allclose(*losses, atol=1e-4)


def workers_of(process: subprocess.Popen[bytes]) -> list[psutil.Process]:
    return [child for child in psutil.Process(process.pid).children() if "edgepose.train" in " ".join(child.cmdline())]


def wait_for(path: Path) -> Checkpoint:
    until = time.monotonic() + 120
    while not path.exists():
        assert time.monotonic() < until, f"{path} was not written"
        time.sleep(0.02)
    return load_checkpoint(path)


def check_accuracy(run: Path) -> None:
    """Each process validated on a share of the people; this one looks at all of them."""
    best, dataset = load_checkpoint(run / "best.safetensors"), open_dataset(VALIDATION)
    overall, per_joint = validate_pck(
        best.build(), dataset, LSP_14, of_one_person(best.codec, "ppnet"), best.crop_padding, bf16=False
    )
    told = max(point["accuracy"] for point in load_checkpoint(run / "last.safetensors").training["progress"]["curve"])
    assert told == overall > 0
    assert best.training["accuracy"] == {"data": VALIDATION, "PCK@0.2": overall, "per_joint": per_joint}


@pytest.mark.slow
def test_a_killed_worker_is_started_again_and_nothing_is_lost(tmp_path: Path) -> None:
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    subprocess.run([*TORCHRUN, *TRAINING, "--out", str(whole)], env=ENVIRONMENT, check=True, timeout=200)
    command = [*TORCHRUN, "--max-restarts", "1", *TRAINING, "--out", str(cut)]
    with subprocess.Popen(command, env=ENVIRONMENT, stderr=subprocess.DEVNULL) as process:
        wait_for(cut / "last.safetensors")
        workers_of(process)[-1].send_signal(signal.SIGKILL)
        assert process.wait(200) == 0
    expected, found = (load_checkpoint(out / "last.safetensors") for out in (whole, cut))
    assert found.training["progress"]["epoch"] == 12
    losses = [[point["loss"] for point in run.training["progress"]["curve"]] for run in (expected, found)]
    assert losses[0] == losses[1]
    assert all(torch.equal(found.weights[name], tensor) for name, tensor in expected.weights.items())
    check_accuracy(cut)
    # another torchrun is not to go on with it, restarted or not, unless it is told to
    written_at = (cut / "last.safetensors").stat().st_mtime_ns
    again = subprocess.run(command, env=ENVIRONMENT, check=False, timeout=200, capture_output=True, text=True)
    assert again.returncode != 0
    assert again.stderr.count("already holds a training run") >= 2
    assert (cut / "last.safetensors").stat().st_mtime_ns == written_at
