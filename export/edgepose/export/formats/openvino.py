"""OpenVINO's own format, from ONNX, names kept."""

from pathlib import Path
from typing import Any

import openvino
from onnx import ModelProto

from edgepose.export.errors import ExportError
from edgepose.export.formats.base import Exporter, ExportSource
from edgepose.export.quantise import quantise
from edgepose.export.quiet import quiet
from edgepose.export.widening import widen_groups
from edgepose.runtime.arrays import ImageArray
from edgepose.runtime.backends.base import last_line
from edgepose.runtime.backends.openvino import sha256_of_layers
from edgepose.runtime.card import OPENVINO_CARD_PATH, OPENVINO_GRAPH_HASH_PATH, OPENVINO_HASH_PATH, ModelCard
from edgepose.runtime.files import sha256_of


class OpenVinoExporter(Exporter):
    """OpenVINO: fp16 halves the weights on disk, the engine chooses its arithmetic."""

    format = "openvino"
    suffix = ".xml"

    def convert(
        self, source: ExportSource, precision: str, calibration_rgb: ImageArray, excluded: tuple[str, ...] = ()
    ) -> Any:
        """Return an `openvino.Model`."""
        model = to_openvino(widen_groups(source.graph))
        if precision == "int8":
            model = quantise(model, calibration_rgb, _nodes_of(model, source.graph, excluded))
        return with_decode(model, to_openvino(source.decode_graph)) if source.decode_graph is not None else model

    def _write(self, model: Any, path: Path, card: ModelCard) -> None:
        write_openvino(model, path, card)


def _nodes_of(model: Any, graph: ModelProto, modules: tuple[str, ...]) -> tuple[str, ...]:
    """Return what OpenVINO calls the convolutions of modules, whose last bears its output's name."""
    outputs = {output.name for output in graph.graph.output}
    last = {node.output[0] for node in graph.graph.node if node.name in modules} & outputs
    names = last.union(*((module, f"{module}/WithoutBiases") for module in modules))
    convolutions = (node for node in model.get_ops() if node.get_type_name().endswith("Convolution"))
    return tuple(node.get_friendly_name() for node in convolutions if node.get_friendly_name() in names)


def with_decode(network: Any, decode: Any) -> Any:
    """Return an `openvino.Model` that computes what both do, the decode in f32 whatever the network runs in.

    It is made of the two models, which are no longer whole.
    """
    for node in decode.get_ops():
        # becomes OpenVINO's mark for what is not to be converted to bf16 or f16; the IR keeps it
        node.get_rt_info()["precise_0"] = ""
    decode.get_parameters()[0].output(0).replace(network.get_results()[0].input_value(0))
    return openvino.Model(decode.get_results(), network.get_parameters())


def to_openvino(graph: ModelProto) -> Any:
    """Return the graph as an `openvino.Model`.

    Raises `ExportError` when OpenVINO does not take it.
    """
    try:
        with quiet():
            return openvino.Core().read_model(graph.SerializeToString())
    except RuntimeError as error:
        raise ExportError(f"openvino does not take the network's graph: {last_line(error)}") from error


def write_openvino(model: Any, path: Path, card: ModelCard) -> None:
    """Write `path` (.xml) and its .bin with the card inside; at precision fp16 the weights are halved.

    Raises `ExportError` where the file system refuses.
    """
    model.set_rt_info(card.to_json(), list(OPENVINO_CARD_PATH))
    half = card.precision == "fp16"
    try:
        openvino.save_model(model, path, compress_to_fp16=half)
        # once more: the .xml holds the hashes of the .bin and of its own layers, which are the same each time
        model.set_rt_info(sha256_of(path.with_suffix(".bin")), list(OPENVINO_HASH_PATH))
        model.set_rt_info(sha256_of_layers(path), list(OPENVINO_GRAPH_HASH_PATH))
        openvino.save_model(model, path, compress_to_fp16=half)
    except RuntimeError as error:
        raise ExportError(f"cannot write {path}: {last_line(error)}; free some space") from error
