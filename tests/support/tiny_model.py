"""A model of one convolution, with its card, in every format: a white dot is every joint to it.

`Cast -> Transpose -> Conv (8x8, stride 4) -> Clip`: `image` uint8 (N, H, W, 3) RGB -> `heatmaps` float32
(N, K, H/4, W/4).
A dot of DOT_PX across, white on black, gives maps with a peak above 0.5 at the dot.
"""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from edgepose.runtime.card import ONNX_CARD_KEY, OPENVINO_CARD_PATH, AccuracyFigure, CropRule, ModelCard
from edgepose.runtime.codec import HeatmapCodec
from edgepose.runtime.sidecar import write_sidecar
from edgepose.runtime.skeleton import skeleton_named
from edgepose.runtime.tensors import TensorSpec

STRIDE = 4
DOT_PX = 8


def tiny_card(**changes: Any) -> ModelCard:
    """Return the card of the tiny ONNX model; `skeleton`, `input_wh` and every other field can be another."""
    input_wh = changes.get("input_wh", (48, 64))
    map_wh = (input_wh[0] // STRIDE, input_wh[1] // STRIDE)
    joints = len(skeleton_named(changes.get("skeleton", "lsp-14")))
    fields = {
        "name": "tiny",
        "network": {"name": "tiny", "settings": {"kernel": 8}},
        "skeleton": "lsp-14",
        "input_wh": input_wh,
        "codec": HeatmapCodec(input_wh, map_wh, sigma_px=6.0).to_dict(),
        "crop": CropRule(padding=1.25),
        "inputs": (TensorSpec("image", "uint8", (-1, input_wh[1], input_wh[0], 3)),),
        "outputs": (TensorSpec("heatmaps", "float32", (-1, joints, map_wh[1], map_wh[0])),),
        "precision": "fp32",
        "format": "onnx",
        "presence_threshold": 0.3,
        "accuracy": (AccuracyFigure("none:nowhere", "PCK@0.2", "fp32", 12.5, 1),),
        "provenance": {"data": ["none"], "seed": 0},
        "licence": "Apache-2.0",
    }
    return ModelCard(**{**fields, **changes})


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


def random_feeds(card: ModelCard, seed: int = 0, people: int = 1) -> dict[str, np.ndarray[Any, Any]]:
    """Return an `image` of noise for a card's model."""
    width, height = card.input_wh
    image = np.random.default_rng(seed).integers(0, 256, (people, height, width, 3), np.uint8)
    return {"image": image}
