"""The tiny model as a file for TensorRT, and other files that it may meet."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
from onnx import helper, numpy_helper

from edgepose.runtime.backends.tensorrt_cache import EngineKey
from edgepose.runtime.model_files.card import ONNX_CARD_KEY, ModelCard
from edgepose.runtime.model_files.sidecar import write_sidecar
from support.tiny_card import tiny_card
from support.tiny_model import tiny_graph

KEY = EngineKey(
    "tiny-fp16", "NVIDIA GeForce RTX 4090", "89", "570.86.15", "tensorrt-10.9.0.34", "fp16", "0123456789abcdef"
)


def save_tiny_tensorrt(folder: Path, card: ModelCard | None = None, *, sidecar: bool = True) -> Path:
    """Write `<name>.trt.onnx` with its card inside and beside it, and return its path."""
    card = replace(tiny_card() if card is None else card, format="tensorrt")
    graph = tiny_graph(card)
    helper.set_model_props(graph, {ONNX_CARD_KEY: card.to_json()})
    path = folder / f"{card.name}.trt.onnx"
    onnx.save(graph, path)
    if sidecar:
        write_sidecar(path, card)
    return path


def tiny_quantised(zero: np.int8 | np.uint8) -> onnx.ModelProto:
    """Return the tiny network with Q/DQ pairs before its convolution, activations with this zero point."""
    graph = tiny_graph(tiny_card())
    nodes = list(graph.graph.node)
    weight = next(tensor for tensor in graph.graph.initializer if tensor.name == "weight")
    steps = np.full(numpy_helper.to_array(weight).shape, 127, np.int8)
    scales = np.full(len(steps), numpy_helper.to_array(weight).max() / 127, np.float32)
    constants = {"step": np.float32(2), "zero_step": zero, "steps": steps, "scales": scales}
    constants["zeros"] = np.zeros(len(steps), np.int8)
    graph.graph.initializer.extend(numpy_helper.from_array(np.asarray(v), name) for name, v in constants.items())
    conv = next(node for node in nodes if node.op_type == "Conv")
    conv.input[:] = ["planes_restored", "weight_restored"]
    pairs = [
        helper.make_node("QuantizeLinear", ["planes", "step", "zero_step"], ["planes_int8"], "quantise"),
        helper.make_node("DequantizeLinear", ["planes_int8", "step", "zero_step"], ["planes_restored"], "restore"),
        helper.make_node("DequantizeLinear", ["steps", "scales", "zeros"], ["weight_restored"], "weight", axis=0),
    ]
    at = nodes.index(conv)
    del graph.graph.node[:]
    graph.graph.node.extend([*nodes[:at], *pairs, *nodes[at:]])
    return graph
