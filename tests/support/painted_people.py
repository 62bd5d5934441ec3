"""People whose colour says where on the body one looks, and a real bottom-up model that reads it.

Red and green are the place on a person, blue that somebody is there: at any size and place the model's maps are those
of the person's joints and limbs.
"""

from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from edgepose.runtime.arrays import Array, FloatArray, ImageArray
from edgepose.runtime.body_parts import SIMPLE_POSE
from edgepose.runtime.codecs.body_part import BodyPartCodec
from edgepose.runtime.grouping import GroupingRule
from edgepose.runtime.model_files.card import ONNX_CARD_KEY
from edgepose.runtime.model_files.tensors import TensorSpec
from support.crowds import BUILD
from support.tiny_model import tiny_card

_LOW, _HIGH = BUILD.min(axis=0), BUILD.max(axis=0)
PLACES = (0.1 + 0.8 * (BUILD - _LOW) / (_HIGH - _LOW)) * [0.5, 1.0]
"""Joints (18, 2) from the corner of the person's patch, which is 1 high and half as wide."""
_WIDE = 0.025
"""The maps' standard deviation as a share of the patch's height."""


def paint_person(image_bgr: ImageArray, corner_xy: tuple[int, int], height: int) -> FloatArray:
    """Put somebody's patch into a picture and return their joints (18, 2)."""
    width = height // 2
    x, y = corner_xy
    patch = np.empty((height, width, 3), np.float32)
    patch[..., 2] = (np.arange(width) + 0.5) / height
    patch[..., 1] = ((np.arange(height) + 0.5) / height)[:, None]
    patch[..., 0] = 1
    rows, columns = (slice(max(low, 0), low + side) for low, side in ((y, height), (x, width)))
    part = image_bgr[rows, columns]
    shown = patch[rows.start - y :, columns.start - x :][: part.shape[0], : part.shape[1]]
    part[:] = np.rint(255 * shown)
    return (PLACES * height + [x - 0.5, y - 0.5]).astype(np.float32)


def save_painted_model(
    folder: Path, input_wh: tuple[int, int] = (256, 192), most_people: int = 20, presence_threshold: float = 0.3
) -> Path:
    """Write the ONNX model and return its path."""
    rule = GroupingRule(most_people=most_people)
    codec = BodyPartCodec(input_wh, (input_wh[0] // 4, input_wh[1] // 4), rule=rule)
    card = replace(
        tiny_card(name="painted", input_wh=input_wh),
        presence_threshold=presence_threshold,
        skeleton=codec.parts.skeleton.name,
        codec=codec.to_dict(),
        inputs=(TensorSpec("image", "uint8", (1, input_wh[1], input_wh[0], 3)),),
        outputs=(TensorSpec("maps", "float32", (1, codec.parts.maps, codec.map_wh[1], codec.map_wh[0])),),
    )
    constants = _constants(codec)
    nodes = [
        helper.make_node("Cast", ["image"], ["pixels"], to=TensorProto.FLOAT),
        helper.make_node("Mul", ["pixels", "scale"], ["shares"]),
        helper.make_node("Transpose", ["shares"], ["planes"], perm=[0, 3, 1, 2]),
        helper.make_node("AveragePool", ["planes"], ["cells"], kernel_shape=[4, 4], strides=[4, 4]),
        helper.make_node("Split", ["cells", "parts"], ["x", "y", "there"], axis=1),
        helper.make_node("Sub", ["x", "begin_x"], ["dx"]),
        helper.make_node("Sub", ["y", "begin_y"], ["dy"]),
        *_products("dx", "step_x", "along_x", "dy", "step_y", "along_y", "along"),
        helper.make_node("Div", ["along", "length"], ["share"]),
        helper.make_node("Clip", ["share", "zero", "one"], ["inside"]),
        helper.make_node("Mul", ["inside", "step_x"], ["foot_x"]),
        helper.make_node("Mul", ["inside", "step_y"], ["foot_y"]),
        helper.make_node("Sub", ["dx", "foot_x"], ["off_x"]),
        helper.make_node("Sub", ["dy", "foot_y"], ["off_y"]),
        *_products("off_x", "off_x", "square_x", "off_y", "off_y", "square_y", "square"),
        helper.make_node("Mul", ["square", "wide"], ["exponent"]),
        helper.make_node("Exp", ["exponent"], ["response"]),
        helper.make_node("Sub", ["there", "nearly"], ["over"]),
        helper.make_node("Mul", ["over", "sharp"], ["steep"]),
        helper.make_node("Clip", ["steep", "zero", "one"], ["somebody"]),
        helper.make_node("Mul", ["response", "somebody"], ["body"]),
        helper.make_node("Concat", ["body", "support"], ["maps"], axis=1),
    ]
    values = [
        helper.make_tensor_value_info(spec.name, helper.np_dtype_to_tensor_dtype(np.dtype(spec.dtype)), spec.shape)
        for spec in (*card.inputs, *card.outputs)
    ]
    initialisers = [numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()]
    graph = helper.make_graph(nodes, "painted", values[:1], values[1:], initialisers)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    helper.set_model_props(model, {ONNX_CARD_KEY: card.to_json()})
    path = folder / "painted.onnx"
    onnx.save(model, path)
    return path


def _constants(codec: BodyPartCodec) -> dict[str, Array]:
    """Return the tensors of the model by their names."""
    begins, steps = _segments()
    return {
        "scale": np.float32(1 / 255),
        "parts": np.array([1, 1, 1]),
        **{f"begin_{axis}": begins[:, i].reshape(1, -1, 1, 1) for i, axis in enumerate("xy")},
        **{f"step_{axis}": steps[:, i].reshape(1, -1, 1, 1) for i, axis in enumerate("xy")},
        "length": np.maximum((steps**2).sum(axis=1), 1e-6).reshape(1, -1, 1, 1).astype(np.float32),
        "wide": np.float32(-1 / (2 * _WIDE**2)),
        "zero": np.float32(0),
        "one": np.float32(1),
        "sharp": np.float32(20),
        "nearly": np.float32(0.95),
        "support": np.zeros((1, 2, codec.map_wh[1], codec.map_wh[0]), np.float32),
    }


def _segments() -> tuple[FloatArray, FloatArray]:
    """Return where the segment of each map begins and where it goes (48, 2); a keypoint's goes nowhere."""
    first, second = np.array(SIMPLE_POSE.limb_rows).T
    begins = np.concatenate([PLACES[first], PLACES])
    return begins.astype(np.float32), (np.concatenate([PLACES[second], PLACES]) - begins).astype(np.float32)


def _products(a: str, b: str, ab: str, c: str, d: str, cd: str, total: str) -> list[onnx.NodeProto]:
    return [
        helper.make_node("Mul", [a, b], [ab]),
        helper.make_node("Mul", [c, d], [cd]),
        helper.make_node("Add", [ab, cd], [total]),
    ]
