"""Checkpoints keep the contract of every session, and what is torch's own."""

from pathlib import Path

import numpy as np
import pytest
import torch

from contract.session_contract import SessionContract
from edgepose.runtime.backends.base import Session, SessionOptions
from edgepose.runtime.errors import ModelError
from edgepose.train.checkpoints.checkpoint import CheckpointError
from edgepose.train.checkpoints.session import TorchSession
from support.tiny_checkpoint import save_tiny_checkpoint
from support.tiny_model import random_feeds


class TestTorch(SessionContract):
    reports_layers = False

    def open(self, folder: Path, options: SessionOptions) -> Session:
        return TorchSession(save_tiny_checkpoint(folder), options)


def test_the_threads_of_the_process_stay_as_they_are(tmp_path: Path) -> None:
    before = torch.get_num_threads()
    with TorchSession(save_tiny_checkpoint(tmp_path), SessionOptions(threads=before + 1)) as session:
        session.run(random_feeds(session.card))
        assert session.info.threads == before + 1
    assert torch.get_num_threads() == before


def test_bf16_is_reported_and_close_to_f32(tmp_path: Path) -> None:
    path = save_tiny_checkpoint(tmp_path)
    with TorchSession(path) as exact, TorchSession(path, SessionOptions(inference_precision="bf16")) as coarse:
        feeds = random_feeds(exact.card)
        assert coarse.info.precision == "bf16"
        np.testing.assert_allclose(coarse.run(feeds)["heatmaps"], exact.run(feeds)["heatmaps"], atol=0.03)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (SessionOptions(device="ABACUS"), "not on ABACUS; choose another --device"),
        (SessionOptions(inference_precision="f3"), "runs in f32 or bf16, not in f3"),
    ],
    ids=["device", "precision"],
)
def test_what_torch_does_not_offer_is_one_clear_error(tmp_path: Path, options: SessionOptions, message: str) -> None:
    with pytest.raises(ModelError, match=message):
        TorchSession(save_tiny_checkpoint(tmp_path), options)


@pytest.mark.parametrize("kept", [0, 0.001, 0.25, 0.5, 0.99])
def test_a_truncated_file_is_one_clear_error(tmp_path: Path, kept: float) -> None:
    path = save_tiny_checkpoint(tmp_path)
    content = path.read_bytes()
    path.write_bytes(content[: int(kept * len(content))])
    with pytest.raises(CheckpointError, match=r"^[^\n]*tiny.safetensors is no edgepose checkpoint or is damaged"):
        TorchSession(path)


def test_an_absent_file_is_one_clear_error(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"no checkpoint at .*nothing.safetensors"):
        TorchSession(tmp_path / "nothing.safetensors")
