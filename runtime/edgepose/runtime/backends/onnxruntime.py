"""ONNX models on ONNX Runtime, by the execution providers that a profile names."""

import json
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import psutil

from edgepose.runtime.arrays import Array
from edgepose.runtime.backends.base import EngineInfo, LayerTime, Session, SessionOptions, last_line
from edgepose.runtime.backends.cache_folder import writable_cache_folder
from edgepose.runtime.backends.onnxruntime_providers import (
    RECORD_ASSIGNMENT,
    arithmetic,
    chosen_providers,
    not_here,
    providers_in_use,
    provides,
)
from edgepose.runtime.errors import ModelError, unavailable
from edgepose.runtime.model_files.card import ONNX_CARD_KEY
from edgepose.runtime.model_files.onnx_file import check_graph
from edgepose.runtime.model_files.sidecar import agreed_card, read_sidecar
from edgepose.runtime.model_files.tensors import TensorSpec
from edgepose.runtime.plumbing.files import sha256_of, utf8_path

try:
    import onnxruntime
    from onnxruntime.capi import onnxruntime_pybind11_state as engine_errors
except ImportError as error:
    raise unavailable(error, "onnxruntime", "onnxruntime") from error

_ENGINE_ERRORS = (
    engine_errors.EPFail,
    engine_errors.Fail,
    engine_errors.InvalidArgument,
    engine_errors.InvalidGraph,
    engine_errors.InvalidProtobuf,
    engine_errors.NoModel,
    engine_errors.NoSuchFile,
    engine_errors.NotImplemented,
    engine_errors.RuntimeException,
    UnicodeDecodeError,  # a damaged name
)
_START_ERRORS = (*_ENGINE_ERRORS, RuntimeError, ValueError)
"""A provider whose libraries are not there is refused in plain Python."""
_DTYPES = {
    "tensor(uint8)": "uint8",
    "tensor(int8)": "int8",
    "tensor(int32)": "int32",
    "tensor(int64)": "int64",
    "tensor(float16)": "float16",
    "tensor(float)": "float32",
}


class OnnxRuntimeSession(Session):
    """An ONNX file on the CPU, or on the first of the providers asked for that takes its nodes.

    Raises `ModelError` when the file is no model, `NotHereError` when no provider asked for runs here, `CardError` when
    its card does not belong to it.
    """

    def __init__(self, path: Path, options: SessionOptions = SessionOptions()) -> None:
        if options.device != "CPU" and not options.providers:
            raise ModelError(
                f"onnxruntime chooses a processor by providers, not by device {options.device}; give the profile "
                'providers, as in ["cuda", "cpu"], or export the model to openvino'
            )
        sidecar = read_sidecar(path)
        if sidecar is None:
            check_graph(path)
        threads_before = psutil.Process().num_threads()
        self._engine = _open(path, _engine_options(options), options)
        in_use = _checked_providers(self._engine, options)
        # the engine does not tell the size of a pool it chose itself; the caller's thread works beside those
        threads = options.threads or psutil.Process().num_threads() - threads_before + 1
        embedded, inputs, outputs = _described(self._engine, path)
        card = agreed_card(path, embedded, sidecar)
        self._path, self._options = path, options
        super().__init__(
            card,
            inputs,
            outputs,
            EngineInfo(
                engine="onnxruntime",
                version=onnxruntime.__version__,
                device=",".join(in_use),
                threads=threads,
                precision=arithmetic(card.precision, in_use, options.inference_precision),
            ),
        )
        self._names = [spec.name for spec in self.outputs]

    def _infer(self, feeds: Mapping[str, Array]) -> Sequence[Array]:
        try:
            results: list[Array] = self._engine.run(self._names, dict(feeds))
        except _ENGINE_ERRORS as error:
            raise ModelError(f"onnxruntime cannot run {self._path}: {last_line(error)}; export it again") from error
        return results

    def _layer_times(self, feeds: Mapping[str, Array]) -> list[LayerTime]:
        with tempfile.TemporaryDirectory() as folder:
            options = _engine_options(self._options)
            options.enable_profiling = True
            options.profile_file_prefix = str(Path(folder) / "layers")
            engine = _open(self._path, options, self._options)
            for _ in range(2):
                engine.run(self._names, dict(feeds))
            return _last_run(json.loads(Path(engine.end_profiling()).read_text(encoding="utf-8")))

    def _release(self) -> None:
        del self._engine


def _engine_options(options: SessionOptions) -> Any:
    engine_options = onnxruntime.SessionOptions()
    engine_options.intra_op_num_threads = options.threads
    engine_options.log_severity_level = 3
    engine_options.add_session_config_entry(RECORD_ASSIGNMENT, "1")
    # x86-64 without VNNI: exact sums of int8 products, for time; by default they are cut off at 16 bits
    engine_options.add_session_config_entry("session.x64quantprecision", "1")
    if "xnnpack" in options.providers:
        # it has threads of its own, which the engine's would keep from the cores while they wait
        engine_options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return engine_options


def _kept(path: Path, options: SessionOptions, available: Sequence[str]) -> Path | None:
    """Return the folder of what TensorRT builds of a model by this ONNX Runtime; None where it builds nothing."""
    if "tensorrt" not in options.providers or not provides("tensorrt", available):
        return None
    return writable_cache_folder("onnxruntime", onnxruntime.__version__, sha256_of(path)[:16])


def _open(path: Path, engine_options: Any, options: SessionOptions) -> Any:
    """Open on the providers asked for, without the first of them as long as they cannot start."""
    available = onnxruntime.get_available_providers()
    kept = _kept(path, options, available)
    providers = chosen_providers(options, available, kept)
    refusals: list[Exception] = []
    for first in range(len(providers)):
        try:
            return _start_anew(path, engine_options, providers[first:], kept if first == 0 else None)
        except _START_ERRORS as error:
            refusals.append(error)
    try:
        # what fails here too is the file
        _start(path, engine_options, [("CPUExecutionProvider", {})])
    except _START_ERRORS as error:
        raise ModelError(f"{path} is not an ONNX model that can run: {last_line(error)}; export it again") from error
    raise not_here(options, f"it cannot start there: {last_line(refusals[0])}") from refusals[0]


def _start_anew(
    path: Path, engine_options: Any, providers: Sequence[tuple[str, dict[str, str]]], kept: Path | None
) -> Any:
    """Start; where what was kept may be of another TensorRT or GPU, once more without it."""
    try:
        return _start(path, engine_options, providers)
    except _START_ERRORS:
        files = [] if kept is None else list(kept.iterdir())
        if not files:
            raise
        for file in files:
            file.unlink(missing_ok=True)
        return _start(path, engine_options, providers)


def _start(path: Path, engine_options: Any, providers: Sequence[tuple[str, dict[str, str]]]) -> Any:
    # without the fallback an engine that cannot start says so here, instead of on the terminal
    name = utf8_path(path, "ONNX Runtime")
    return onnxruntime.InferenceSession(name, engine_options, providers=providers, enable_fallback=0)


def _checked_providers(engine: Any, options: SessionOptions) -> tuple[str, ...]:
    """Return the providers in use; raise `NotHereError` when that is the CPU alone and it was not asked for."""
    in_use = providers_in_use(engine)
    if in_use == ("CPU",) and options.providers and "cpu" not in options.providers:
        raise not_here(options, "all of the model's nodes fell to the CPU")
    return in_use


def _described(engine: Any, path: Path) -> tuple[str | None, list[TensorSpec], list[TensorSpec]]:
    """Return the text of the card inside, the inputs and the outputs."""
    try:
        embedded = engine.get_modelmeta().custom_metadata_map.get(ONNX_CARD_KEY)
        return embedded, _specs(engine.get_inputs()), _specs(engine.get_outputs())
    except UnicodeDecodeError as error:
        raise ModelError(f"{path} is damaged, a text in it is not UTF-8: {error}; export it again") from error


def _specs(arguments: Sequence[Any]) -> list[TensorSpec]:
    return [
        TensorSpec(a.name, _DTYPES.get(a.type, a.type), tuple(n if isinstance(n, int) else -1 for n in a.shape))
        for a in arguments
    ]


def _last_run(events: Sequence[Mapping[str, Any]]) -> list[LayerTime]:
    """Return the kernels between the last start of a run and its end."""
    ends = [e for e in events if e["name"] == "model_run"]
    start_us = ends[-1]["ts"]
    kernels = [e for e in events if e["name"].endswith("_kernel_time") and e["ts"] >= start_us]
    return [
        LayerTime(e["name"].removesuffix("_kernel_time"), e["args"]["op_name"], e["dur"] / 1000)
        for e in sorted(kernels, key=lambda e: float(e["ts"]))
    ]
