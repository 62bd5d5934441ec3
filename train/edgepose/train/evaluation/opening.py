"""Opening a model in whatever format it has: a checkpoint by torch, everything else as a device does."""

from pathlib import Path

from edgepose.profiles.profile import DeviceProfile
from edgepose.runtime.backends import load_card, open_model
from edgepose.runtime.backends.base import Session, SessionOptions
from edgepose.runtime.errors import MissingExtraError
from edgepose.runtime.model_files.card import ModelCard
from edgepose.runtime.model_files.shipped import resolve_model, shipped_names
from edgepose.train.evaluation.part_accuracy import PartPredictor


def model_path(path_or_name: str | Path) -> Path:
    """Return the file of a model: a checkpoint's path as it is, else an exported file or a name that ships.

    Raises `ModelError` listing what ships when there is no such file.
    """
    path = Path(path_or_name)
    return path if path.suffix == ".safetensors" else resolve_model(str(path_or_name))


def open_any(path_or_name: str | Path, profile: DeviceProfile | None = None) -> Session:
    """Open a model file, a checkpoint, or a model that ships by its name, as a profile asks.

    Where no engine is installed, torch runs the checkpoint that lies beside what ships. Raises `CheckpointError` for a
    bad checkpoint, `MissingExtraError` where its torch is not installed, and what `open_model` raises.
    """
    path = model_path(path_or_name)
    if path.suffix == ".safetensors":
        return _open_checkpoint(path, profile)
    try:
        return open_model(path_or_name, profile)
    except MissingExtraError as missing:
        if str(path_or_name) not in shipped_names():
            raise
        try:
            return _open_checkpoint(path.with_suffix(".safetensors"), profile)
        except MissingExtraError:
            raise missing from None


def _open_checkpoint(path: Path, profile: DeviceProfile | None) -> Session:
    try:
        from edgepose.train.checkpoints.session import TorchSession  # noqa: PLC0415  devices have no torch
    except ModuleNotFoundError as error:
        raise MissingExtraError(error.name or "torch", "train") from error
    return TorchSession(path, SessionOptions() if profile is None else SessionOptions.from_profile(profile))


def load_any_card(path_or_name: str | Path) -> ModelCard:
    """Return the card of what `open_any` opens; one for TensorRT needs no GPU for that. Raises as `open_any`."""
    if model_path(path_or_name).suffix != ".safetensors":
        return load_card(path_or_name)
    with open_any(path_or_name) as session:
        return session.card


def open_part_predictor(path: Path) -> PartPredictor | None:
    """Return what the parsing of a model that `open_any` opens makes of crops; None where it has none.

    Exports never have: their parsing classifier is gone. Raises `CheckpointError` for a bad checkpoint.
    """
    if path.suffix != ".safetensors":
        return None
    from edgepose.train.evaluation.parsing import part_predictor  # noqa: PLC0415  devices have no torch

    return part_predictor(path)
