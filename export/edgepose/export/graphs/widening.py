"""Convolutions made wider, where engines are slow on narrow ones: channels of zeros, for whole vector registers.

RePose computes each joint's features in a group of its own, 12 channels in the network that ships. Two such groups side
by side, with zeros in between, take less time than one after the other: 15 % of RePose in OpenVINO int8, 6 % in ONNX
Runtime int8. A convolution to 14 maps takes ONNX Runtime's int8 kernel twice as long as one to 16.
"""

import numpy as np
from onnx import ModelProto, NodeProto, helper

from edgepose.export.graphs.onnx_edit import OnnxEdit, attribute
from edgepose.runtime.arrays import Array

_REGISTER = 16


def widen_groups(graph: ModelProto) -> ModelProto:
    """Return a graph that computes the same with groups of at least 16 channels; depthwise stays depthwise."""
    edit = OnnxEdit(graph)
    for node in edit.nodes:
        if node.op_type == "Conv" and node.input[1] in edit.constants:  # else its weight is each image's own
            _widen(edit, node)
    return edit.model()


def widen_outputs(graph: ModelProto) -> ModelProto:
    """Return a graph that computes the same, its last convolutions with a multiple of 16 channels, the rest cut off."""
    edit = OnnxEdit(graph)
    for output in edit.outputs:
        node = edit.makers[output]
        weight = edit.constants.get(node.input[1]) if node.op_type == "Conv" else None
        if weight is not None and len(weight) % _REGISTER:
            _widen_output(edit, node)
    return edit.model()


def _widen_output(edit: OnnxEdit, node: NodeProto) -> None:
    output, channels = node.output[0], len(edit.constants[node.input[1]])
    zeros = -channels % _REGISTER
    for i, name in list(enumerate(node.input))[1:]:
        value = edit.constants[name]
        padding = [(0, zeros)] + [(0, 0)] * (value.ndim - 1)
        node.input[i] = edit.constant(f"{name}_wide", np.pad(value, padding))
    node.output[0] = f"{output}_wide"
    ends = [
        edit.constant(f"{output}_{name}", [n], np.int64) for name, n in (("start", 0), ("end", channels), ("axis", 1))
    ]
    edit.replace([], [helper.make_node("Slice", [node.output[0], *ends], [output], name=f"{output}_cut")])


def _widen(edit: OnnxEdit, node: NodeProto) -> None:
    weight, groups = edit.constants[node.input[1]], attribute(node, "group", 1)
    channels = len(weight) // groups
    if groups == 1 or weight.shape[1] == 1:
        return
    joined = next(n for n in range(1, groups + 1) if groups % n == 0 and (channels * n >= _REGISTER or n == groups))
    node.input[1] = edit.constant(f"{node.input[1]}_joined", _side_by_side(weight, groups, joined))
    for each in node.attribute:
        if each.name == "group":
            each.i = groups // joined


def _side_by_side(weight: Array, groups: int, joined: int) -> Array:
    """Return weights (outputs, inputs * joined, h, w) of weights (outputs, inputs, h, w) of narrower groups."""
    outputs, inputs = len(weight) // groups, weight.shape[1]
    wide = np.zeros((len(weight), inputs * joined, *weight.shape[2:]), weight.dtype)
    for group in range(groups):
        rows, place = slice(group * outputs, (group + 1) * outputs), group % joined * inputs
        wide[rows, place : place + inputs] = weight[rows]
    return wide
