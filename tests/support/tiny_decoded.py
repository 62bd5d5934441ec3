"""The tiny model with a decode inside that a person can check: the brightest cell of every map, no refinement."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, compose, helper, numpy_helper

from edgepose.runtime.model_files.card import ONNX_CARD_KEY, OPENVINO_CARD_PATH, ModelCard
from edgepose.runtime.model_files.decoding import card_with_decode
from edgepose.runtime.model_files.tensors import TensorSpec
from support.tiny_model import STRIDE, tiny_card, tiny_graph


def decoded_card(**changes: object) -> ModelCard:
    """Return the card of the tiny model with its decode inside; the codec does not refine."""
    card = tiny_card(**changes)
    return replace(card_with_decode(card), codec={**card.codec, "refine": "none"})


def save_tiny_decoded(folder: Path, card: ModelCard | None = None) -> Path:
    """Write `<name>.onnx` of the tiny model that gives keypoints, and return its path."""
    card = decoded_card() if card is None else card
    model = _model(card)
    helper.set_model_props(model, {ONNX_CARD_KEY: card.to_json()})
    path = folder / f"{card.name}.onnx"
    onnx.save(model, path)
    return path


def save_tiny_decoded_openvino(folder: Path) -> Path:
    """Write `tiny.xml` and `.bin` of the tiny model that gives keypoints, and return the path of the `.xml`."""
    import openvino  # noqa: PLC0415  the other helper works without it

    fixed = tuple(replace(spec, shape=(1, *spec.shape[1:])) for spec in tiny_card().outputs)
    image = tuple(replace(spec, shape=(1, *spec.shape[1:])) for spec in tiny_card().inputs)
    card = decoded_card(format="openvino", inputs=image, outputs=fixed)
    model = openvino.Core().read_model(_model(card).SerializeToString())
    model.set_rt_info(card.to_json(), list(OPENVINO_CARD_PATH))
    path = folder / f"{card.name}.xml"
    openvino.save_model(model, path, compress_to_fp16=False)
    return path


def _model(card: ModelCard) -> onnx.ModelProto:
    joints, (width, height) = len(card.skeleton_object()), card.codec_object().map_wh
    maps = TensorSpec("heatmaps", "float32", (card.inputs[0].shape[0], joints, height, width))
    plain = tiny_card(skeleton=card.skeleton, input_wh=card.input_wh, inputs=card.inputs, outputs=(maps,))
    return compose.merge_models(tiny_graph(plain), _argmax_graph(plain), io_map=[("heatmaps", "maps")])


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
