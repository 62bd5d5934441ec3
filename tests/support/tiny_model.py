"""A model of one convolution, with its card, in every format: a white dot is every joint to it.

`Cast -> Transpose -> Conv (8x8, stride 4) -> Clip`: `image` uint8 (N, H, W, 3) RGB -> `heatmaps` float32
(N, K, H/4, W/4).
A dot of DOT_PX across, white on black, gives maps with a peak above 0.5 at the dot.
"""

from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from edgepose.runtime.model_files.card import ONNX_CARD_KEY, OPENVINO_CARD_PATH, ModelCard
from edgepose.runtime.model_files.sidecar import write_sidecar
from edgepose.runtime.model_files.tensors import TensorSpec
from support.tiny_card import DOT_PX, STRIDE, random_feeds, tiny_card

__all__ = ["DOT_PX", "STRIDE", "random_feeds", "save_tiny_onnx", "save_tiny_openvino", "tiny_card", "tiny_graph"]


def tiny_graph(card: ModelCard) -> onnx.ModelProto:
    """Return the network that a card describes, the card not embedded."""
    joints, stride = len(card.skeleton_object()), STRIDE
    weight = np.full((joints, 3, 2 * stride, 2 * stride), 1 / (3 * 255 * 4 * stride**2), np.float32)
    nodes = [
        helper.make_node("Cast", ["image"], ["pixels"], to=TensorProto.FLOAT, name="cast"),
        helper.make_node("Transpose", ["pixels"], ["planes"], perm=[0, 3, 1, 2], name="planar"),
        helper.make_node("Conv", ["planes", "weight"], ["mean"], strides=[4, 4], pads=[2, 2, 2, 2], name="conv"),
        helper.make_node("Clip", ["mean", "zero", "one"], ["heatmaps"], name="clip"),
    ]
    constants = {"weight": weight, "zero": np.float32(0), "one": np.float32(1)}
    graph = helper.make_graph(
        nodes,
        "tiny",
        [_value(spec) for spec in card.inputs],
        [_value(spec) for spec in card.outputs],
        [numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)


def _value(spec: TensorSpec) -> onnx.ValueInfoProto:
    dtype = helper.np_dtype_to_tensor_dtype(np.dtype(spec.dtype))
    return helper.make_tensor_value_info(spec.name, dtype, ["batch" if n < 0 else n for n in spec.shape])


def save_tiny_onnx(folder: Path, card: ModelCard | None = None, *, embed: bool = True, sidecar: bool = True) -> Path:
    """Write `<name>.onnx` with its card inside and beside it, and return its path."""
    card = tiny_card() if card is None else card
    graph = tiny_graph(card)
    if embed:
        helper.set_model_props(graph, {ONNX_CARD_KEY: card.to_json()})
    path = folder / f"{card.name}.onnx"
    onnx.save(graph, path)
    if sidecar:
        write_sidecar(path, card)
    return path


def save_tiny_openvino(
    folder: Path, card: ModelCard | None = None, *, embed: bool = True, sidecar: bool = True
) -> Path:
    """Write `<name>.xml` and `.bin`, the card inside and beside them, and return the path of the `.xml`."""
    import openvino  # noqa: PLC0415  the other helpers work without it

    card = replace(tiny_card() if card is None else card, format="openvino")
    model = openvino.Core().read_model(tiny_graph(card).SerializeToString())
    if embed:
        model.set_rt_info(card.to_json(), list(OPENVINO_CARD_PATH))
    path = folder / f"{card.name}.xml"
    openvino.save_model(model, path, compress_to_fp16=False)
    if sidecar:
        write_sidecar(path, card)
    return path
