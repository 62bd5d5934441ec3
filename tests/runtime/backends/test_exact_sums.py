"""What ONNX Runtime is told about integers."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from edgepose.runtime.backends import open_model
from edgepose.runtime.model_files.card import ONNX_CARD_KEY
from support.engines import backend_or_skip
from support.tiny_card import tiny_card


def save_largest_sums(folder: Path) -> Path:
    """Write a model of one integer convolution with the largest weights: a white picture has maps of 1."""
    card = replace(tiny_card(), precision="int8")
    joints = card.outputs[0].shape[1]
    constants = {
        "one": np.float32(1),
        "zero": np.uint8(0),
        "weight": np.full((joints, 3, 8, 8), 127, np.int8),
        "weight_scale": np.float32(1 / (127 * 255 * 3 * 8 * 8)),
        "weight_zero": np.int8(0),
        "step": np.float32(1 / 255),
    }
    inputs = ["planes", "one", "zero", "weight", "weight_scale", "weight_zero", "step", "zero"]
    nodes = [
        helper.make_node("Transpose", ["image"], ["planes"], perm=[0, 3, 1, 2]),
        helper.make_node("QLinearConv", inputs, ["levels"], strides=[4, 4], pads=[2, 2, 2, 2]),
        helper.make_node("DequantizeLinear", ["levels", "step", "zero"], ["heatmaps"]),
    ]
    image, heatmaps = (spec.shape for spec in (*card.inputs, *card.outputs))
    graph = helper.make_graph(
        nodes,
        "largest",
        [helper.make_tensor_value_info("image", TensorProto.UINT8, ["n", *image[1:]])],
        [helper.make_tensor_value_info("heatmaps", TensorProto.FLOAT, ["n", *heatmaps[1:]])],
        [numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    helper.set_model_props(model, {ONNX_CARD_KEY: card.to_json()})
    path = folder / "largest.onnx"
    onnx.save(model, path)
    return path


def test_sums_of_integers_are_exact_on_every_processor(tmp_path: Path) -> None:
    """Without VNNI, ONNX Runtime's usual kernels cut 2 * 255 * 127 off at 32767: half of what it is."""
    backend_or_skip("onnxruntime")
    with open_model(save_largest_sums(tmp_path)) as session:
        height, width = session.inputs[0].shape[1:3]
        white = np.full((1, height, width, 3), 255, np.uint8)
        maps = session.run({"image": white})["heatmaps"]
    inside = maps[:, :, 1:-1, 1:-1]
    np.testing.assert_allclose(inside, 1.0, atol=1 / 255)
