"""The models that ship with the package, and how a name or a path finds one."""

import json
from dataclasses import dataclass
from pathlib import Path

from edgepose.runtime.errors import ModelError
from edgepose.runtime.model_files.card import AccuracyFigure
from edgepose.runtime.model_files.sidecar import read_sidecar

MODELS_FOLDER = Path(__file__).parents[1] / "models"


@dataclass(frozen=True)
class ShippedModel:
    """One of them: the ONNX file, its checkpoint, its size (MB of 10^6 bytes) and measured accuracy.

    It sees `everybody` in a picture, or one person in a crop.
    """

    name: str
    path: Path
    checkpoint: Path
    size_mb: float
    accuracy: tuple[AccuracyFigure, ...]
    everybody: bool
    default: bool


def shipped_names(folder: Path = MODELS_FOLDER) -> list[str]:
    """Return the names that `index.json` lists, the default first."""
    index = folder / "index.json"
    return list(json.loads(index.read_text(encoding="utf-8"))) if index.exists() else []


def shipped_models(folder: Path = MODELS_FOLDER) -> list[ShippedModel]:
    """Return the models that ship, the default first.

    Raises `ModelError` or `CardError` when the package's files are incomplete or altered.
    """
    return [_shipped(folder, name, default=i == 0) for i, name in enumerate(shipped_names(folder))]


def _shipped(folder: Path, name: str, *, default: bool) -> ShippedModel:
    path = folder / f"{name}.onnx"
    card = read_sidecar(path)
    if card is None:
        raise ModelError(f"{path.name} has lost its card; install edgepose anew")
    weights, size_mb = path.with_suffix(".safetensors"), path.stat().st_size / 1e6
    return ShippedModel(name, path, weights, size_mb, card.accuracy, card.sees_everybody, default)


def resolve_model(path_or_name: str, folder: Path = MODELS_FOLDER) -> Path:
    """Return the model file that a path, or the name of a shipped model, stands for.

    Raises `ModelError` listing what ships when there is neither, and when the path cannot be looked at.
    """
    path = Path(path_or_name)
    try:
        is_file, is_folder = path.is_file(), path.is_dir()
    except OSError as error:
        raise ModelError(f"cannot read {path}: {error.strerror}; check the path and its permissions") from error
    if is_file:
        return path
    names = shipped_names(folder)
    if path_or_name in names:
        return folder / f"{path_or_name}.onnx"
    if is_folder:
        raise ModelError(f"{path} is a folder; name the model file in it")
    raise ModelError(f"no model file {path}; models that ship: {', '.join(names) or 'none'}")
