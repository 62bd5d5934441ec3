"""OpenVINO IR (and, where nothing else takes it, ONNX) on the devices of OpenVINO."""

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from edgepose.runtime.arrays import Array
from edgepose.runtime.backends.base import EngineInfo, LayerTime, Session, SessionOptions, last_line
from edgepose.runtime.backends.cache_folder import writable_cache_folder
from edgepose.runtime.errors import ModelError, NotHereError, unavailable
from edgepose.runtime.model_files.card import (
    ONNX_CARD_KEY,
    OPENVINO_CARD_PATH,
    OPENVINO_GRAPH_HASH_PATH,
    OPENVINO_HASH_PATH,
)
from edgepose.runtime.model_files.onnx_file import check_graph
from edgepose.runtime.model_files.sidecar import agreed_card, read_sidecar
from edgepose.runtime.model_files.tensors import TensorSpec
from edgepose.runtime.plumbing.files import sha256_of

try:
    import openvino
except ImportError as error:
    raise unavailable(error, "openvino", "openvino") from error

_CARD_PATHS = (list(OPENVINO_CARD_PATH), ["framework", ONNX_CARD_KEY])
"""Of an IR, and of an ONNX file that OpenVINO reads itself."""
_PROCESSORS = {"GPU": "a GPU", "NPU": "an NPU"}


class OpenVinoSession(Session):
    """A model on an OpenVINO device, tuned for latency.

    Raises `ModelError` when the file is no model, its weights are absent or the device does not take it,
    `NotHereError` when there is no such device, `CardError` when its card does not belong to it.
    """

    def __init__(self, path: Path, options: SessionOptions = SessionOptions()) -> None:
        sidecar = read_sidecar(path)
        self._core = openvino.Core()
        self._model = _read(self._core, path)
        self._options = options
        if sidecar is None:
            _check_hash(self._model, path)
        embedded, inputs, outputs = _described(self._model, path)
        card = agreed_card(path, embedded, sidecar)
        self._compiled = self._compile({})
        self._request = self._compiled.create_infer_request()
        super().__init__(card, inputs, outputs, _info(self._compiled))

    def _infer(self, feeds: Mapping[str, Array]) -> Sequence[Array]:
        # the request points into these arrays: they must live until it is given the next ones
        self._fed = [np.ascontiguousarray(feeds[spec.name]) for spec in self.inputs]
        for i, array in enumerate(self._fed):
            self._request.set_input_tensor(i, openvino.Tensor(array, shared_memory=True))
        try:
            self._request.infer()
        except RuntimeError as error:
            raise ModelError(f"openvino cannot run {self.card.name}: {last_line(error)}; export it again") from error
        return [self._request.get_output_tensor(i).data.copy() for i in range(len(self.outputs))]

    def _layer_times(self, feeds: Mapping[str, Array]) -> list[LayerTime]:
        request = self._compile({"PERF_COUNT": True}).create_infer_request()
        for _ in range(2):
            request.infer(dict(feeds))
        return [
            LayerTime(layer.node_name, layer.node_type, layer.real_time.total_seconds() * 1e3)
            for layer in request.get_profiling_info()
            if layer.status == openvino.ProfilingInfo.Status.EXECUTED
        ]

    def _compile(self, extra: Mapping[str, Any]) -> Any:
        settings: dict[str, Any] = {"PERFORMANCE_HINT": "LATENCY", **extra}
        if self._options.threads and self._options.device.partition(".")[0] not in _PROCESSORS:  # they have none
            settings["INFERENCE_NUM_THREADS"] = self._options.threads
        if self._options.inference_precision:
            settings["INFERENCE_PRECISION_HINT"] = self._options.inference_precision
        # compiling for them takes seconds to minutes; OpenVINO itself knows when what it kept is out of date
        is_compiled_long = self._options.device.partition(".")[0] in _PROCESSORS
        if is_compiled_long and (kept := writable_cache_folder("openvino")) is not None:
            settings["CACHE_DIR"] = str(kept)
        try:
            return self._core.compile_model(self._model, self._options.device, settings)
        except RuntimeError as error:
            raise self._refusal(last_line(error)) from error

    def _refusal(self, reason: str) -> ModelError:
        """Return what to raise where the device does not take the model, or is not here."""
        here = self._core.available_devices
        text = f"openvino cannot run the model with {self._options}: {reason}; devices here: {', '.join(here)}"
        kind = self._options.device.partition(".")[0]
        if kind in _PROCESSORS and not any(name.startswith(kind) for name in here):
            return NotHereError(text, _PROCESSORS[kind])
        return ModelError(text)

    def _release(self) -> None:
        del self._request, self._compiled, self._model, self._core


def _read(core: Any, path: Path) -> Any:
    # without this, a foreign file is tried by every front end, each of which prints its complaint
    if path.suffix == ".xml" and b"<net" not in path.read_bytes()[:1000]:
        raise ModelError(f"{path} is not an OpenVINO model: it has no <net> element; export it again")
    try:
        return core.read_model(path)
    except RuntimeError as error:
        raise ModelError(
            f"{path} is not a model that OpenVINO can read: {last_line(error)}; export it again"
        ) from error


def _check_hash(model: Any, path: Path) -> None:
    """Compare the weights with the hash inside, where there is one; raise `ModelError` when they differ."""
    if path.suffix == ".onnx":
        check_graph(path)
        return
    weights = path.with_suffix(".bin")
    of_weights, of_layers = (_rt_text(model, where) for where in (OPENVINO_HASH_PATH, OPENVINO_GRAPH_HASH_PATH))
    if of_weights is not None and of_weights != sha256_of(weights):
        raise ModelError(f"{weights} is damaged or another model's: {path.name} is not of it; export it again")
    if of_layers is not None and of_layers != sha256_of_layers(path):
        raise ModelError(f"{path} is damaged: its layers are not those that were exported; export it again")


def sha256_of_layers(path: Path) -> str:
    """Return the SHA-256 of the layers and edges in an .xml, without what stands about the model beside them."""
    content = path.read_bytes()
    return hashlib.sha256(content[content.find(b"<layers") : content.rfind(b"</edges>")]).hexdigest()


def _described(model: Any, path: Path) -> tuple[str | None, list[TensorSpec], list[TensorSpec]]:
    """Return the text of the card inside, the inputs and the outputs."""
    try:
        return _embedded_card(model), _specs(model.inputs), _specs(model.outputs)
    except UnicodeDecodeError as error:
        raise ModelError(f"{path} is damaged, a text in it is not UTF-8: {error}; export it again") from error


def _embedded_card(model: Any) -> str | None:
    return next((text for path in _CARD_PATHS if (text := _rt_text(model, path)) is not None), None)


def _rt_text(model: Any, path: Sequence[str]) -> str | None:
    return str(model.get_rt_info(list(path)).astype(str)) if model.has_rt_info(list(path)) else None


def _specs(ports: Sequence[Any]) -> list[TensorSpec]:
    return [
        TensorSpec(
            port.get_any_name(),
            port.element_type.to_dtype().name,
            tuple(-1 if n.is_dynamic else n.get_length() for n in port.partial_shape),
        )
        for port in ports
    ]


def _info(compiled: Any) -> EngineInfo:
    said = {name: compiled.get_property(name) for name in compiled.get_property("SUPPORTED_PROPERTIES")}
    precision = said.get("INFERENCE_PRECISION_HINT")  # AUTO, which may yet go to another device, does not tell
    return EngineInfo(
        engine="openvino",
        version=openvino.get_version(),
        device=",".join(said["EXECUTION_DEVICES"]),
        threads=int(said.get("INFERENCE_NUM_THREADS", 0)),
        precision="unknown" if precision is None else precision.to_string(),
    )
