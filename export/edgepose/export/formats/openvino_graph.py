"""The network as OpenVINO has it: read from ONNX, its layers found by name, joined with the decode, and written."""

from pathlib import Path
from typing import Any

import openvino
from onnx import ModelProto

from edgepose.export.errors import ExportError
from edgepose.export.quiet import quiet
from edgepose.runtime.backends.base import last_line
from edgepose.runtime.backends.openvino import sha256_of_layers
from edgepose.runtime.model_files.card import (
    OPENVINO_CARD_PATH,
    OPENVINO_GRAPH_HASH_PATH,
    OPENVINO_HASH_PATH,
    ModelCard,
)
from edgepose.runtime.plumbing.files import sha256_of


def nodes_of(model: Any, graph: ModelProto, modules: tuple[str, ...]) -> tuple[str, ...]:
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
