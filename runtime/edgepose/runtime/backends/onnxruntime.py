"""ONNX models on ONNX Runtime's CPU provider."""

import json
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import psutil

from edgepose.runtime.arrays import Array
from edgepose.runtime.backends.base import EngineInfo, LayerTime, Session, SessionOptions, one_line
from edgepose.runtime.card import ONNX_CARD_KEY, ModelCard
from edgepose.runtime.errors import MissingExtraError, ModelError
from edgepose.runtime.sidecar import agreed_card, read_sidecar
from edgepose.runtime.tensors import TensorSpec

try:
    import onnxruntime
    from onnxruntime.capi import onnxruntime_pybind11_state as engine_errors
except ImportError as error:
    raise MissingExtraError("onnxruntime", "onnxruntime") from error

_LOAD_ERRORS = (
    engine_errors.Fail,
    engine_errors.InvalidArgument,
    engine_errors.InvalidGraph,
    engine_errors.InvalidProtobuf,
    engine_errors.NoModel,
    engine_errors.NoSuchFile,
    engine_errors.NotImplemented,
    engine_errors.RuntimeException,
)
_DTYPES = {
    "tensor(uint8)": "uint8",
    "tensor(int8)": "int8",
    "tensor(int32)": "int32",
    "tensor(int64)": "int64",
    "tensor(float16)": "float16",
    "tensor(float)": "float32",
}
_ARITHMETIC = {"fp32": "f32", "fp16": "f16", "int8": "f32"}


class OnnxRuntimeSession(Session):
    """An ONNX file on the CPU.

    Raises `ModelError` when the file is no model or a device other than the CPU is asked for, `CardError`
    when its card does not belong to it.
    """

    def __init__(self, path: Path, options: SessionOptions = SessionOptions()) -> None:
        if options.device != "CPU":
            raise ModelError(f"onnxruntime runs on the CPU, not on {options.device}; export the model to openvino")
        sidecar = read_sidecar(path)
        threads_before = psutil.Process().num_threads()
        self._engine = _open(path, _engine_options(options))
        # the engine does not tell the size of a pool it chose itself; the caller's thread works beside those
        threads = options.threads or psutil.Process().num_threads() - threads_before + 1
        card = agreed_card(path, self._engine.get_modelmeta().custom_metadata_map.get(ONNX_CARD_KEY), sidecar)
        self._path, self._options = path, options
        super().__init__(
            card,
            _specs(self._engine.get_inputs()),
            _specs(self._engine.get_outputs()),
            _info(self._engine, card, threads),
        )
        self._names = [spec.name for spec in self.outputs]

    def _infer(self, feeds: Mapping[str, Array]) -> Sequence[Array]:
        results: list[Array] = self._engine.run(self._names, dict(feeds))
        return results

    def _layer_times(self, feeds: Mapping[str, Array]) -> list[LayerTime]:
        with tempfile.TemporaryDirectory() as folder:
            options = _engine_options(self._options)
            options.enable_profiling = True
            options.profile_file_prefix = str(Path(folder) / "layers")
            engine = _open(self._path, options)
            for _ in range(2):
                engine.run(self._names, dict(feeds))
            return _last_run(json.loads(Path(engine.end_profiling()).read_text(encoding="utf-8")))

    def _release(self) -> None:
        del self._engine


def _engine_options(options: SessionOptions) -> Any:
    engine_options = onnxruntime.SessionOptions()
    engine_options.intra_op_num_threads = options.threads
    engine_options.log_severity_level = 3
    return engine_options


def _open(path: Path, engine_options: Any) -> Any:
    try:
        return onnxruntime.InferenceSession(str(path), engine_options, providers=["CPUExecutionProvider"])
    except _LOAD_ERRORS as error:
        raise ModelError(f"{path} is not an ONNX model that can run: {one_line(error)}; export it again") from error


def _specs(arguments: Sequence[Any]) -> list[TensorSpec]:
    return [
        TensorSpec(a.name, _DTYPES.get(a.type, a.type), tuple(n if isinstance(n, int) else -1 for n in a.shape))
        for a in arguments
    ]


def _info(engine: Any, card: ModelCard, threads: int) -> EngineInfo:
    provider = engine.get_providers()[0].removesuffix("ExecutionProvider")
    return EngineInfo("onnxruntime", onnxruntime.__version__, provider, threads, _ARITHMETIC[card.precision])


def _last_run(events: Sequence[Mapping[str, Any]]) -> list[LayerTime]:
    """Return the kernels between the last start of a run and its end."""
    ends = [e for e in events if e["name"] == "model_run"]
    start_us = ends[-1]["ts"]
    kernels = [e for e in events if e["name"].endswith("_kernel_time") and e["ts"] >= start_us]
    return [
        LayerTime(e["name"].removesuffix("_kernel_time"), e["args"]["op_name"], e["dur"] / 1000)
        for e in sorted(kernels, key=lambda e: float(e["ts"]))
    ]
