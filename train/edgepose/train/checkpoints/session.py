"""Checkpoints as sessions: a network runs in torch by the same contract as on any engine of a device."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import torch
from torch import nn

from edgepose.runtime.arrays import Array, FloatArray, ImageArray
from edgepose.runtime.backends.base import EngineInfo, Session, SessionOptions
from edgepose.runtime.errors import ModelError
from edgepose.train.checkpoints.card import card_of_checkpoint
from edgepose.train.checkpoints.checkpoint import load_checkpoint
from edgepose.train.networks import DeployNetwork
from edgepose.train.predictor import MapPredictor

_DEVICES = {"CPU": "cpu", "GPU": "cuda"}
_PRECISIONS = {None: "f32", "f32": "f32", "bf16": "bf16"}


class TorchSession(Session):
    """A checkpoint file in torch, for `edgepose evaluate` and to compare exports with.

    Raises `CheckpointError` when the file is no checkpoint, `ModelError` for a device or precision that is not here.
    """

    def __init__(self, path: Path, options: SessionOptions = SessionOptions()) -> None:
        checkpoint = load_checkpoint(path)
        card = card_of_checkpoint(checkpoint, path.stem)
        device, precision = _device(options.device), _precision(options.inference_precision)
        self._predict: MapPredictor = network_predictor(checkpoint.build().to(device), bf16=precision == "bf16")
        self._threads = options.threads or torch.get_num_threads()
        with _threads(self._threads):
            info = EngineInfo("torch", torch.__version__, options.device, torch.get_num_threads(), precision)
        super().__init__(card, card.inputs, card.outputs, info)

    def _infer(self, feeds: Mapping[str, Array]) -> Sequence[Array]:
        with _threads(self._threads):
            return [self._predict(feeds["image"])]

    def _release(self) -> None:
        del self._predict


def network_predictor(network: nn.Module, *, bf16: bool = False) -> MapPredictor:
    """Return what a network, on the device where it lies, makes of crops; it is put into inference mode."""
    device = next(network.parameters()).device
    deployed = DeployNetwork(network).to(device).eval()

    @torch.no_grad()
    def predict(images_rgb: ImageArray) -> FloatArray:
        # torch takes neither mirrored views nor read-only arrays
        images = torch.from_numpy(np.require(images_rgb, requirements=["C", "W"])).to(device)
        with torch.autocast(device.type, torch.bfloat16, enabled=bf16):
            heatmaps = deployed(images)
        return heatmaps.float().cpu().numpy()  # type: ignore[no-any-return]

    return predict


def _device(name: str) -> torch.device:
    if name not in _DEVICES or (name == "GPU" and not torch.cuda.is_available()):
        here = "CPU, GPU" if torch.cuda.is_available() else "CPU"
        raise ModelError(f"torch runs on {here} here, not on {name}; choose another --device")
    return torch.device(_DEVICES[name])


def _precision(asked: str | None) -> str:
    if asked not in _PRECISIONS:
        raise ModelError(f"a checkpoint runs in f32 or bf16, not in {asked}; choose another --device")
    return _PRECISIONS[asked]


@contextmanager
def _threads(count: int) -> Iterator[None]:
    """Let torch use so many threads, for a while: the number is the whole process's."""
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)
