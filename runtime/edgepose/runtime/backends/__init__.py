"""One small file per engine; which of them opens a model follows from the file's suffix."""

from collections.abc import Callable
from ctypes.util import find_library
from pathlib import Path
from typing import TYPE_CHECKING

from edgepose.runtime.backends.base import Session, SessionOptions
from edgepose.runtime.errors import MissingExtraError, ModelError, NotHereError
from edgepose.runtime.model_files.card import ModelCard
from edgepose.runtime.model_files.onnx_file import card_of_onnx
from edgepose.runtime.model_files.shipped import resolve_model

if TYPE_CHECKING:
    from edgepose.profiles.profile import DeviceProfile


def open_model(path_or_name: str | Path, profile: "DeviceProfile | None" = None) -> Session:
    """Open a model file, or a model that ships by its name, as a profile asks.

    Raises `ModelError` when there is no such model or it is corrupt, `CardError` when its card does not
    belong to it, `MissingExtraError` when its engine is not installed.
    """
    path = resolve_model(str(path_or_name))
    suffix = _suffix_of(path)
    if profile is None:
        return _OPENERS[suffix](path, SessionOptions())
    # OpenVINO reads ONNX files too: a device that has no use for ONNX Runtime needs no other file
    by_openvino = suffix == ".onnx" and "onnx" not in profile.formats and "openvino" in profile.formats
    opener = _open_openvino if by_openvino else _OPENERS[suffix]
    return opener(path, SessionOptions.from_profile(profile))


def load_card(path_or_name: str | Path) -> ModelCard:
    """Return the card of a model, checked as `open_model` checks it; one for TensorRT needs no GPU for that."""
    path = resolve_model(str(path_or_name))
    if _suffix_of(path) == ".trt.onnx":
        return card_of_onnx(path)
    with open_model(path) as session:
        return session.card


def _suffix_of(path: Path) -> str:
    """Return the longest suffix with an engine: `.trt.onnx` is not for whoever opens `.onnx`."""
    suffixes = [suffix for suffix in _OPENERS if path.name.endswith(suffix)]
    if not suffixes:
        raise ModelError(
            f"no engine opens {path.name}; expected one of {', '.join(_OPENERS)}, as edgepose export writes"
        )
    return max(suffixes, key=len)


def _open_onnx(path: Path, options: SessionOptions) -> Session:
    """Open by ONNX Runtime or, where only OpenVINO is installed or in order, by that."""
    try:
        from edgepose.runtime.backends.onnxruntime import OnnxRuntimeSession  # noqa: PLC0415  one engine, when needed
    except (MissingExtraError, ModelError) as missing:
        if options.providers and "cpu" not in options.providers:  # they are ONNX Runtime's alone
            raise
        try:
            return _open_openvino(path, options)
        except MissingExtraError:
            raise missing from None
    return OnnxRuntimeSession(path, options)


def _open_openvino(path: Path, options: SessionOptions) -> Session:
    from edgepose.runtime.backends.openvino import OpenVinoSession  # noqa: PLC0415

    return OpenVinoSession(path, options)


def _open_tflite(path: Path, options: SessionOptions) -> Session:
    from edgepose.runtime.backends.tflite import TfliteSession  # noqa: PLC0415

    return TfliteSession(path, options)


def _open_tensorrt(path: Path, options: SessionOptions) -> Session:
    try:
        from edgepose.runtime.backends.tensorrt import TensorRtSession  # noqa: PLC0415
    except MissingExtraError:
        if find_library("cuda") or find_library("nvcuda"):
            raise
        message = "TensorRT runs on an NVIDIA GPU, and no driver of one is installed; run it there"
        raise NotHereError(message, "a GPU") from None
    return TensorRtSession(path, options)


_OPENERS: dict[str, Callable[[Path, SessionOptions], Session]] = {
    ".onnx": _open_onnx,
    ".xml": _open_openvino,
    ".tflite": _open_tflite,
    ".trt.onnx": _open_tensorrt,
}
