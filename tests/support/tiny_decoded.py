"""The tiny model with a decode inside that a person can check: the brightest cell of every map, no refinement."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, compose, helper, numpy_helper

from edgepose.runtime.card import ONNX_CARD_KEY, ModelCard
from edgepose.runtime.decoding import card_with_decode
from support.tiny_model import STRIDE, tiny_card, tiny_graph


def decoded_card(**changes: object) -> ModelCard:
    """Return the card of the tiny model with its decode inside; the codec does not refine."""
    card = tiny_card(**changes)
    return replace(card_with_decode(card), codec={**card.codec, "refine": "none"})


def save_tiny_decoded(folder: Path, card: ModelCard | None = None) -> Path:
    """Write `<name>.onnx` of the tiny model that gives keypoints, and return its path."""
    card = decoded_card() if card is None else card
    plain = tiny_card(skeleton=card.skeleton, input_wh=card.input_wh)
    model = compose.merge_models(tiny_graph(plain), _argmax_graph(plain), io_map=[("heatmaps", "maps")])
    helper.set_model_props(model, {ONNX_CARD_KEY: card.to_json()})
    path = folder / f"{card.name}.onnx"
    onnx.save(model, path)
    return path


def _argmax_graph(card: ModelCard) -> onnx.ModelProto:
    batch, joints, height, width = card.outputs[0].shape
    size: list[str | int] = ["batch" if batch < 0 else batch]
    nodes = [
        helper.make_node("Reshape", ["maps", "flat_shape"], ["flat"]),
        helper.make_node("ArgMax", ["flat"], ["at"], axis=2, keepdims=1),
        helper.make_node("ReduceMax", ["flat", "last"], ["score"], keepdims=1),
        helper.make_node("Div", ["at", "width"], ["row"]),
        helper.make_node("Mod", ["at", "width"], ["column"]),
        helper.make_node("Concat", ["column", "row"], ["cell"], axis=2),
        helper.make_node("Cast", ["cell"], ["cell_float"], to=TensorProto.FLOAT),
        helper.make_node("Mul", ["cell_float", "stride"], ["corner"]),
        helper.make_node("Add", ["corner", "half"], ["pixel"]),
        helper.make_node("Concat", ["pixel", "score"], ["keypoints"], axis=2),
    ]
    constants = {
        "flat_shape": np.array([0, joints, height * width], np.int64),
        "last": np.array([2], np.int64),
        "width": np.array(width, np.int64),
        "stride": np.float32(STRIDE),
        "half": np.float32(STRIDE / 2 - 0.5),
    }
    graph = helper.make_graph(
        nodes,
        "argmax",
        [helper.make_tensor_value_info("maps", TensorProto.FLOAT, [*size, joints, height, width])],
        [helper.make_tensor_value_info("keypoints", TensorProto.FLOAT, [*size, joints, 3])],
        [numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
