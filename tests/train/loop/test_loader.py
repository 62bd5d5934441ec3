"""The processes that prepare batches: their errors are told in one line, and they end with the training."""

import multiprocessing
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import psutil
import pytest
import torch
from torch.utils.data import Dataset, SequentialSampler

from edgepose.train.errors import TrainingError
from edgepose.train.loop.loader import BatchLoader
from edgepose.train.loop.told_errors import collated_or_error

forks = pytest.mark.skipif(multiprocessing.get_start_method() != "fork", reason="other processes are started too")


class Numbers(Dataset[Any]):
    """The numbers from 0 on."""

    def __len__(self) -> int:
        return 8

    def __getitem__(self, index: int) -> int:
        return index


def collate(numbers: list[int]) -> dict[str, torch.Tensor]:
    return {"numbers": torch.tensor(numbers)}


def loader(workers: int) -> BatchLoader:
    examples = Numbers()
    return BatchLoader(examples, collate, SequentialSampler(examples), 2, workers, pinned=False)


@pytest.mark.parametrize("workers", [0, 2])
def test_batches_come_in_order_epoch_after_epoch(workers: int) -> None:
    batches = loader(workers)
    with batches.ended():
        for _ in range(2):
            assert [batch["numbers"].tolist() for batch in batches] == [[0, 1], [2, 3], [4, 5], [6, 7]]


@forks
def test_its_processes_end_although_they_ignore_what_ends_others() -> None:
    batches, before = loader(2), set(psutil.Process().children())
    with batches.ended():
        kept = iter(batches)
        next(kept), next(kept)  # one of each process, which is then beyond its start
        workers = set(psutil.Process().children()) - before
        assert len(workers) == 2
        for worker in workers:
            worker.send_signal(signal.SIGTERM)
        time.sleep(0.3)
        assert all(worker.is_running() for worker in workers)
    assert not psutil.wait_procs(list(workers), timeout=5)[1]
    del kept


@forks
def test_one_that_the_system_ends_is_told_wherever_the_training_is() -> None:
    batches, before = loader(1), set(psutil.Process().children())

    def train() -> None:
        with batches.ended():
            next(iter(batches))
            (worker,) = set(psutil.Process().children()) - before
            worker.kill()
            for _ in range(100):  # as a step computes
                time.sleep(0.05)

    with pytest.raises(TrainingError, match=r"ended by the system, for want of memory most likely"):
        train()


def test_shared_memory_that_is_full_is_an_error_and_no_wait_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: torch.Tensor) -> None:
        raise RuntimeError("unable to allocate shared memory(shm) for file </torch_1>: No space left on device (28)")

    assert collated_or_error(collate, [1, 2], shared=True)["numbers"].is_shared()
    monkeypatch.setattr(torch.Tensor, "share_memory_", refuse)
    told = collated_or_error(collate, [1, 2], shared=True)
    assert isinstance(told, TrainingError)
    assert "No space left on device" in str(told)
    assert "--shm-size" in str(told)
    assert not isinstance(collated_or_error(collate, [1, 2], shared=False), TrainingError)


@pytest.mark.skipif(os.name != "posix", reason="other systems start processes otherwise")
def test_a_training_that_fails_on_a_picture_ends(tmp_path: Path) -> None:
    folder = tmp_path / "pictures"
    folder.mkdir()
    for name in ("1.png", "2.png"):
        cv2.imwrite(str(folder / name), np.zeros((40, 40, 3), np.uint8))
    (folder / "2.png").write_bytes((folder / "2.png").read_bytes()[:60])
    run = ["--net", "ppnet-m1-d1-w8", "--set", "stem=8", "--input", "32x32", "--skeleton", "lsp-14", "--batch", "2"]
    data = ["--unlabelled", f"images:{folder}", "--teacher", "ppnet-small-lsp-128", "--workers", "1"]
    command = [sys.executable, "-m", "edgepose.train", *run, *data, "--out", str(tmp_path / "run")]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 2
    assert "2.png" in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr
