"""TFLite models on LiteRT, or on its predecessor tflite-runtime where the board has only that."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from edgepose.profiles.probe import probe_this_machine
from edgepose.runtime.arrays import Array
from edgepose.runtime.backends.base import EngineInfo, Session, SessionOptions
from edgepose.runtime.errors import CardError, ModelError, unavailable
from edgepose.runtime.model_files.card import ModelCard
from edgepose.runtime.model_files.sidecar import agreed_card, read_sidecar, sidecar_path
from edgepose.runtime.model_files.tensors import TensorSpec
from edgepose.runtime.model_files.tflite_file import embedded_card
from edgepose.runtime.plumbing.files import utf8_path
from edgepose.runtime.plumbing.native_messages import native_messages_dropped

try:
    import ai_edge_litert
    from ai_edge_litert.interpreter import Interpreter

    _ENGINE, _VERSION = "litert", ai_edge_litert.__version__
except ImportError as error:
    try:
        import tflite_runtime
        from tflite_runtime.interpreter import Interpreter

        _ENGINE, _VERSION = "tflite-runtime", tflite_runtime.__version__
    except ImportError:
        raise unavailable(error, "ai_edge_litert", "tflite") from error


class TfliteSession(Session):
    """A TFLite model on the CPU, through XNNPACK.

    The engine neither chooses a number of threads nor tells its own: without a wish it gets one for every physical
    core. Raises `ModelError` when the file is no model, is damaged, or another device than the CPU is asked for,
    `CardError` when it has no card, or one that does not belong to it.
    """

    def __init__(self, path: Path, options: SessionOptions = SessionOptions()) -> None:
        if options.device != "CPU":
            raise ModelError(f"{_ENGINE} runs on the CPU, not on {options.device}; export the model to openvino")
        card = _card(path)
        threads = options.threads or probe_this_machine().physical_cores
        self._path = path
        with native_messages_dropped():
            self._engine = _open(path, threads)
        inputs, outputs = _details(self._engine)
        self._inputs = [details["index"] for details in inputs.values()]
        self._outputs = [details["index"] for details in outputs.values()]
        # XNNPACK computes in f32 whatever is not quantised, also where a file has fp16 weights
        info = EngineInfo(_ENGINE, _VERSION, "CPU", threads, "f32")
        super().__init__(card, _specs(inputs), _specs(outputs), info)
        self._shapes: list[tuple[int, ...]] = [tuple(details["shape"]) for details in inputs.values()]

    def _infer(self, feeds: Mapping[str, Array]) -> Sequence[Array]:
        arrays = [feeds[spec.name] for spec in self.inputs]
        if [array.shape for array in arrays] != self._shapes:
            self._resize(arrays)
        for index, array in zip(self._inputs, arrays, strict=True):
            # the view must be gone before the engine runs; it refuses to while one is held
            np.copyto(self._engine.tensor(index)(), array)
        try:
            self._engine.invoke()
        except (RuntimeError, ValueError) as error:
            raise ModelError(f"{_ENGINE} cannot run {self._path}: {_first_line(error)}; export it again") from error
        return [self._engine.get_tensor(index) for index in self._outputs]

    def _resize(self, arrays: Sequence[Array]) -> None:
        self._shapes = []  # the engine has none should this fail: the next run starts over
        try:
            for index, array in zip(self._inputs, arrays, strict=True):
                self._engine.resize_tensor_input(index, array.shape)
            self._engine.allocate_tensors()
        except (RuntimeError, ValueError) as error:
            shapes = ", ".join(str(array.shape) for array in arrays)
            why = _first_line(error)
            raise ModelError(
                f"{self._path} does not run with inputs of shape {shapes}: {why}; feed one image at a time"
            ) from error
        self._shapes = [array.shape for array in arrays]

    def _release(self) -> None:
        del self._engine


def _card(path: Path) -> ModelCard:
    """Return the card of a file that is whole: the engine itself would not notice damage, or not survive it."""
    sidecar = read_sidecar(path)
    embedded = embedded_card(path)
    if sidecar is None and embedded is None:
        raise CardError(
            f"{path} has no model card, neither at its end nor as {sidecar_path(path).name}: it is truncated, "
            "or was not made by edgepose export; export it again"
        )
    return agreed_card(path, embedded, sidecar)


def _open(path: Path, threads: int) -> Any:
    name = utf8_path(path, _ENGINE)
    try:
        engine = Interpreter(model_path=name, num_threads=threads)
        engine.allocate_tensors()
    except (RuntimeError, ValueError) as error:
        raise ModelError(
            f"{path} is not a TFLite model that {_ENGINE} {_VERSION} can run: {_first_line(error)}; export it again"
        ) from error
    return engine


def _first_line(error: BaseException) -> str:
    """Return the first line of the engine's message; the others say what failed because of it."""
    return str(error).strip().partition("\n")[0][:300].rstrip(".")


def _details(engine: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return what the engine knows of inputs and outputs, by the signature's names or else the tensors' own."""
    if len(engine.get_signature_list()) == 1:
        runner = engine.get_signature_runner()
        return runner.get_input_details(), runner.get_output_details()
    return _by_name(engine.get_input_details()), _by_name(engine.get_output_details())


def _by_name(details: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    return {d["name"]: d for d in details}


def _specs(details: Mapping[str, Any]) -> list[TensorSpec]:
    return [
        TensorSpec(name, np.dtype(d["dtype"]).name, tuple(int(n) for n in d["shape_signature"]))
        for name, d in details.items()
    ]
