"""TensorRT: ONNX in the form that its builder takes, proven by building an engine of it."""

import copy
import hashlib
from pathlib import Path
from types import ModuleType
from typing import Any

from onnx import ModelProto

from edgepose.export.errors import ExportError
from edgepose.export.formats.base import Exporter, ExportSource
from edgepose.export.formats.onnx import to_half, write_onnx
from edgepose.export.formats.symmetric import activation_scales, quantise_convolutions
from edgepose.export.quantise.calibration import require_people
from edgepose.runtime.arrays import ImageArray
from edgepose.runtime.backends.base import Session
from edgepose.runtime.backends.onnxruntime import OnnxRuntimeSession
from edgepose.runtime.backends.tensorrt_build import FLAVOURS, build_engine, flavour_of, load_tensorrt
from edgepose.runtime.errors import MissingExtraError, ModelError, NotHereError
from edgepose.runtime.model_files.card import ModelCard

_USUAL_DEVICE = "jetson-orin-nano"


class TensorRtExporter(Exporter):
    """ONNX for TensorRT 10 and 11, which take every type from the file: no precision is chosen on the device.

    fp16 is typed half throughout, int8 has Q/DQ pairs about its convolutions. The engine itself belongs to one GPU and
    is built there.
    """

    format = "tensorrt"
    suffix = ".trt.onnx"
    computes_in_half = True

    def convert(
        self, source: ExportSource, precision: str, calibration_rgb: ImageArray, excluded: tuple[str, ...] = ()
    ) -> Any:
        """Return an `onnx.ModelProto` of which TensorRT built an engine, where a TensorRT is installed."""
        graph = cast_first(source.graph)
        if precision == "fp16":
            graph = to_half(graph, throughout=True)
        if precision == "int8":
            require_people(calibration_rgb)
            graph = quantise_convolutions(graph, _scales(source, graph, calibration_rgb), excluded)
        graph = source.finished(graph)
        prove(graph, f"the {precision} graph")
        return graph

    def _write(self, model: Any, path: Path, card: ModelCard) -> None:
        write_onnx(model, path, card)

    def note(self, path: Path, *, ran: bool, device: str | None = None) -> str | None:
        """Return what to do with the files, and whether an engine was built of them here."""
        tensorrt, gpu = _builder(), has_gpu()
        if ran:
            return f"the engines of {path.parent} for this GPU lie beside their .trt.onnx"
        proof = (
            f'no engine was built of them here: that takes pip install "edgepose[tensorrt{"" if gpu else "-rtx"}]"'
            if tensorrt is None
            else f"{flavour_of(tensorrt)} {tensorrt.__version__} built an engine of each here, for proof"
        )
        return (
            f"TensorRT files become engines on the device: copy {path.parent} there and run "
            f"edgepose profile FILE.trt.onnx --device {device or _USUAL_DEVICE}; {proof}"
        )

    def open_exact(self, path: Path) -> Session:
        """Open the file on ONNX Runtime's CPU: the same graph, Q/DQ pairs or half types included."""
        return OnnxRuntimeSession(path)


def _scales(source: ExportSource, graph: ModelProto, images_rgb: ImageArray) -> dict[str, float]:
    """Return the scales of a source's activations; a search for layers to leave out asks for them many times."""
    name = f"tensorrt scales by {hashlib.sha256(images_rgb.tobytes()).hexdigest()}"
    scales: dict[str, float] = source.once(name, lambda: activation_scales(graph, images_rgb))
    return scales


def cast_first(graph: ModelProto) -> ModelProto:
    """Return a copy whose image becomes float before it is transposed: TensorRT does nothing else with uint8."""
    result = copy.deepcopy(graph)
    nodes = list(result.graph.node)
    image = result.graph.input[0].name
    first = next(node for node in nodes if image in node.input)
    cast = next((node for node in nodes if node.op_type == "Cast" and node.input[0] == first.output[0]), None)
    if first.op_type != "Transpose" or cast is None:
        return result
    pixels, planes = first.output[0], cast.output[0]
    cast.input[0], cast.output[0] = image, pixels
    first.input[0], first.output[0] = pixels, planes
    ordered = [copy.deepcopy(cast), *(copy.deepcopy(node) for node in nodes if node is not cast)]
    del result.graph.node[:], result.graph.value_info[:]
    result.graph.node.extend(ordered)
    return result


def prove(graph: ModelProto, name: str) -> None:
    """Build an engine of a graph and drop it; without a TensorRT that can, nothing happens.

    Raises `ExportError` when TensorRT refuses.
    """
    tensorrt = _builder()
    if tensorrt is None:
        return
    try:
        build_engine(tensorrt, graph.SerializeToString(), name, quickly=True)
    except ModelError as error:
        raise ExportError(f"no TensorRT file was made: {error}") from error


def _builder() -> ModuleType | None:
    """Return a TensorRT that can build here: without a GPU that is TensorRT-RTX."""
    try:
        return load_tensorrt(FLAVOURS if has_gpu() else ("tensorrt_rtx",))
    except MissingExtraError:
        return None


def has_gpu() -> bool:
    """Return whether CUDA finds a GPU, by the bindings that a session needs."""
    try:
        from edgepose.runtime.backends.cuda import find_gpu  # noqa: PLC0415  not installed everywhere

        find_gpu()
    except (MissingExtraError, NotHereError):
        return False
    return True
