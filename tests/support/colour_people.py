"""People of coloured dots, and a real model that sees them: every joint has a colour of its own."""

import colorsys
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from edgepose.runtime.arrays import FloatArray, ImageArray
from edgepose.runtime.model_files.card import ONNX_CARD_KEY
from edgepose.runtime.skeleton import LSP_14
from support.tiny_model import STRIDE, tiny_card

STANDING = np.array(
    [[40, 96], [40, 74], [42, 52], [58, 52], [60, 74], [60, 96], [26, 54], [28, 38], [38, 22], [62, 22], [72, 38],
     [74, 54], [50, 18], [50, 4]],
    np.float32,
)  # fmt: skip
"""Joints (14, 2) of somebody 96 px high, in LSP's order."""
COLOURS_RGB = np.array([colorsys.hsv_to_rgb(k / 14, 1.0, 1.0 if k % 2 else 0.55) for k in range(14)], np.float32) * 255


def draw_person(image_bgr: ImageArray, joints: FloatArray, radius: int = 5) -> None:
    """Put somebody's dots (14, 2) into a picture."""
    for (x, y), (r, g, b) in zip(joints, COLOURS_RGB, strict=True):
        cv2.circle(image_bgr, (round(float(x)), round(float(y))), radius, (float(b), float(g), float(r)), -1)


def save_colour_model(folder: Path, input_wh: tuple[int, int] = (128, 128), **changes: Any) -> Path:
    """Write an ONNX model whose map k is high where the crop has joint k's colour, and return its path."""
    card = tiny_card(name="colours", input_wh=input_wh, **changes)
    card = replace(
        card,
        inputs=(replace(card.inputs[0], shape=(1, *card.inputs[0].shape[1:])),),
        outputs=(replace(card.outputs[0], shape=(1, *card.outputs[0].shape[1:])),),
    )
    constants = {
        "colours": COLOURS_RGB.reshape(1, 1, 1, len(LSP_14), 3),
        "inner": np.array([4], np.int64),
        "outer": np.array([3], np.int64),
        "reach": np.float32(1 / 2500),
        "one": np.float32(1),
        "gain": np.float32(2.5),
        "zero": np.float32(0),
    }
    nodes = [
        helper.make_node("Cast", ["image"], ["pixels"], to=TensorProto.FLOAT),
        helper.make_node("Unsqueeze", ["pixels", "outer"], ["column"]),
        helper.make_node("Sub", ["column", "colours"], ["difference"]),
        helper.make_node("Mul", ["difference", "difference"], ["squared"]),
        helper.make_node("ReduceSum", ["squared", "inner"], ["distance"], keepdims=0),
        helper.make_node("Mul", ["distance", "reach"], ["far"]),
        helper.make_node("Sub", ["one", "far"], ["near"]),
        helper.make_node("Clip", ["near", "zero", "one"], ["alike"]),
        helper.make_node("Transpose", ["alike"], ["planes"], perm=[0, 3, 1, 2]),
        helper.make_node("AveragePool", ["planes"], ["pooled"], kernel_shape=[STRIDE] * 2, strides=[STRIDE] * 2),
        helper.make_node("AveragePool", ["pooled"], ["smooth"], kernel_shape=[3, 3], pads=[1, 1, 1, 1]),
        helper.make_node("Mul", ["smooth", "gain"], ["strong"]),
        helper.make_node("Clip", ["strong", "zero", "one"], ["heatmaps"]),
    ]
    values = [
        helper.make_tensor_value_info(spec.name, helper.np_dtype_to_tensor_dtype(np.dtype(spec.dtype)), spec.shape)
        for spec in (*card.inputs, *card.outputs)
    ]
    initialisers = [numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()]
    graph = helper.make_graph(nodes, "colours", values[:1], values[1:], initialisers)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    helper.set_model_props(model, {ONNX_CARD_KEY: card.to_json()})
    path = folder / "colours.onnx"
    onnx.save(model, path)
    return path
