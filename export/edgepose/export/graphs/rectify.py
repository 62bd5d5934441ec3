"""The exact form of a network that ONNX Runtime runs fast in int8.

ONNX Runtime joins convolution, ReLU and quantisation to one integer kernel, but not a batch norm after the ReLU, as
RePose has: a*relu(c) + b. That is max(a*c + b, b) where a >= 0, and min(a*c + b, b) where a < 0: the scale goes into
the convolution, the shift is its bias and the floor (or ceiling), and max and min commute with quantisation, so that
they stay in integers. Neither is approximate, nor does padding see any of it.
"""

from collections.abc import Sequence

import numpy as np
from onnx import ModelProto, NodeProto, helper

from edgepose.export.graphs.onnx_edit import OnnxEdit, attribute
from edgepose.runtime.arrays import Array

_OPEN = 1e9
"""A bound that bounds nothing."""


def rectify(graph: ModelProto) -> ModelProto:
    """Return a graph that computes the same, to the rounding of sums, without batch norms after ReLU."""
    edit = OnnxEdit(graph)
    shapes = edit.shapes()
    for node in list(edit.nodes):
        if node.op_type == "BatchNormalization":
            _norm_to_bounds(edit, node, shapes[node.output[0]])
        elif node.op_type == "Div":
            _division_into_convolutions(edit, node)
    for node in edit.nodes:
        if node.op_type == "Sub" and node.input[1] in edit.constants:
            width = shapes[node.output[0]][-1]
            node.input[1] = edit.constant(f"{node.input[1]}_row", _row(edit.constants[node.input[1]], width))
    return edit.model()


def _row(per_channel: Array, width: int) -> Array:
    """Return values (C,) as (1, C, 1, width): ONNX Runtime is ten times slower where the last axis but one is short."""
    return np.repeat(per_channel.reshape(1, -1, 1, 1), width, axis=3)


def _division_into_convolutions(edit: OnnxEdit, division: NodeProto) -> None:
    """Let the convolutions after the division of the image by its deviation have it in their weights."""
    convolutions = edit.readers[division.output[0]]
    stored = all(_has_stored_weight(edit, node) for node in convolutions)
    if division.input[1] not in edit.constants or not stored:
        return
    divisor = edit.constants[division.input[1]].reshape(1, -1, 1, 1)
    for convolution in convolutions:
        weight = convolution.input[1]
        convolution.input[1] = edit.constant(f"{weight}_divided", edit.constants[weight] / divisor)
        convolution.input[0] = division.input[0]
    edit.replace([division], [])


def _norm_to_bounds(edit: OnnxEdit, norm: NodeProto, shape: tuple[int, ...]) -> None:
    relu = edit.makers.get(norm.input[0])
    if relu is None or relu.op_type != "Relu" or edit.only_reader(relu.output[0]) is None:
        return
    source = edit.makers.get(relu.input[0])
    if source is None:
        return
    convolutions = [edit.makers.get(name) for name in source.input] if source.op_type == "Concat" else [source]
    tensors = {relu.input[0], *(source.input if source.op_type == "Concat" else ())}
    known = [node for node in convolutions if node is not None and _has_stored_weight(edit, node)]
    if len(known) < len(convolutions) or any(edit.only_reader(tensor) is None for tensor in tensors):
        return
    scale, shift = _affine_of(edit, norm)
    factors, products = _factors_after(edit, norm.output[0], len(scale))
    scale, shift = scale * factors, shift * factors
    _into_convolutions(edit, known, scale, shift)
    bounds = _bounds(edit, source.output[0], norm.output[0], scale, shift, shape[-1])
    edit.replace([relu, norm, *products], bounds)


def _has_stored_weight(edit: OnnxEdit, node: NodeProto) -> bool:
    return node.op_type == "Conv" and node.input[1] in edit.constants


def _affine_of(edit: OnnxEdit, norm: NodeProto) -> tuple[Array, Array]:
    """Return scale and shift (C,) of a batch norm."""
    gamma, beta, mean, variance = (edit.constants[name].astype(np.float64) for name in norm.input[1:5])
    scale = gamma / np.sqrt(variance + attribute(norm, "epsilon", 1e-5))
    return scale, beta - scale * mean


def _factors_after(edit: OnnxEdit, tensor: str, channels: int) -> tuple[Array, list[NodeProto]]:
    """Return what each channel of a tensor is multiplied by next (C,), and those products, now without effect.

    RePose scales the new features of each joint, which are a part of the channels, by a number.
    """
    reader = edit.only_reader(tensor)
    parts = list(reader.output) if reader is not None and reader.op_type == "Split" else [tensor]
    products = [edit.only_reader(part) for part in parts]
    known = [node for node in products if node is not None and _number_of(edit, node) is not None]
    if len(known) < len(parts):
        return np.ones(channels), []
    for part, product in zip(parts, known, strict=True):
        for node in edit.readers[product.output[0]]:
            node.input[:] = [part if name == product.output[0] else name for name in node.input]
    numbers = [_number_of(edit, product) for product in known]
    return np.repeat(np.array(numbers, np.float64), channels // len(parts)), known


def _number_of(edit: OnnxEdit, node: NodeProto) -> float | None:
    """Return the constant number that a node multiplies by."""
    numbers = [edit.constants[name] for name in node.input if name in edit.constants and edit.constants[name].size == 1]
    return float(numbers[0].item()) if node.op_type == "Mul" and numbers else None


def _into_convolutions(edit: OnnxEdit, convolutions: Sequence[NodeProto], scale: Array, shift: Array) -> None:
    """Scale and shift the channels that the convolutions give, one after another."""
    start = 0
    for node in convolutions:
        weight = edit.constants[node.input[1]].astype(np.float64)
        mine = slice(start, start + len(weight))
        start += len(weight)
        bias = edit.constants[node.input[2]] if len(node.input) > 2 else np.zeros(len(weight))
        node.input[:] = [
            node.input[0],
            edit.constant(f"{node.name}.weight_scaled", weight * scale[mine].reshape(-1, 1, 1, 1)),
            edit.constant(f"{node.name}.bias_shifted", bias * scale[mine] + shift[mine]),
        ]


def _bounds(edit: OnnxEdit, source: str, target: str, scale: Array, shift: Array, width: int) -> list[NodeProto]:
    """Return the nodes that keep `source` above the shift where the scale is positive, else below it."""
    nodes = []
    if (scale < 0).any():
        ceiling = edit.constant(f"{target}_ceiling", _row(np.where(scale < 0, shift, _OPEN), width))
        nodes.append(helper.make_node("Min", [source, ceiling], [f"{target}_below"], name=f"{target}_min"))
        source = f"{target}_below"
    floor = edit.constant(f"{target}_floor", _row(np.where(scale < 0, -_OPEN, shift), width))
    nodes.append(helper.make_node("Max", [source, floor], [target], name=f"{target}_max"))
    return nodes
