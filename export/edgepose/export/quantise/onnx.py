"""Int8 for ONNX Runtime: activations uint8 per tensor, weights int8 per channel, in the pattern its kernels take.

Convolutions and sums stand between Q/DQ pairs, which ONNX Runtime joins to QLinearConv and QLinearAdd. What commutes
with rounding (max, min, split, concatenation, pooling, upsampling) is written on the integers themselves, its tensors
sharing one grid. A ReLU is gone: its tensor has no number below zero.
"""

from collections.abc import Collection, Mapping, Sequence

from onnx import ModelProto, NodeProto

from edgepose.export.graphs.onnx_edit import OnnxEdit
from edgepose.export.graphs.onnx_integers import Grid, IntegerWriter
from edgepose.export.graphs.onnx_values import ranges_of
from edgepose.export.graphs.rectify import rectify
from edgepose.export.graphs.widening import widen_groups, widen_outputs
from edgepose.export.quantise.calibration import require_people
from edgepose.runtime.arrays import ImageArray

_MOVING = ("Max", "Min", "Split", "Concat", "Slice", "MaxPool", "Resize")
_ALIKE = 2.0
"""Ranges that differ by no more share a grid: at most one bit is lost."""


def quantise_onnx(graph: ModelProto, images_rgb: ImageArray, excluded: tuple[str, ...] = ()) -> ModelProto:
    """Return the int8 form of a float graph, calibrated by the ranges over crops uint8 (N, H, W, 3).

    Convolutions whose name is `excluded` stay as they are, and so does what only they read. Raises `ExportError` when
    there are too few crops.
    """
    require_people(images_rgb)
    edit = OnnxEdit(rectify(widen_outputs(widen_groups(graph))))
    tensors = edit.reals()
    excluded = (*excluded, *(n.name for n in edit.nodes if n.op_type == "Conv" and n.input[1] not in edit.constants))
    ranges = ranges_of(edit.model(), tensors, images_rgb)
    moving = {node.name for node in edit.nodes if _is_moving(edit, node, ranges)}
    groups = _sharing_a_grid(edit, tensors, moving)
    quantised = _quantised(edit, groups, moving, excluded)
    return IntegerWriter(edit, _grids(edit, quantised, ranges), moving, excluded).model()


def _is_moving(edit: OnnxEdit, node: NodeProto, ranges: Mapping[str, tuple[float, float]]) -> bool:
    """Tell whether a node works on integers of one grid.

    A concatenation does where its inputs have about the same range: in RePose's decoder, fine features beside the
    coarse would lose their steps, and keypoints moved by 0.52 px instead of 0.31. Elsewhere copying is faster.
    """
    if node.op_type != "Concat" or _only_bounded(edit, node.output[0]):
        return node.op_type in _MOVING
    widths = [Grid.over(*ranges[name]).scale for name in node.input]
    return max(widths) <= _ALIKE * min(widths)


def _grids(edit: OnnxEdit, quantised: Mapping[str, str], ranges: Mapping[str, tuple[float, float]]) -> dict[str, Grid]:
    """Return the grid of each quantised tensor: of its group, over what is not cut off."""
    seen: dict[str, tuple[float, float]] = {}
    for name, group in quantised.items():
        if not _only_bounded(edit, name):
            low, high = seen.get(group, (0.0, 0.0))
            seen[group] = min(low, ranges[name][0]), max(high, ranges[name][1])
    return {name: Grid.over(*seen[group]) for name, group in quantised.items()}


def _is_kernel(node: NodeProto, moving: Collection[str], excluded: Sequence[str]) -> bool:
    """Tell whether ONNX Runtime has a kernel on integers for a node between Q/DQ pairs."""
    if node.op_type == "Concat":
        return node.name not in moving
    return node.op_type == "Add" or (node.op_type == "Conv" and node.name not in excluded)


def _variables(edit: OnnxEdit, node: NodeProto) -> list[str]:
    return [name for name in node.input if name and name not in edit.constants]


def _sharing_a_grid(edit: OnnxEdit, tensors: Sequence[str], moving: Collection[str]) -> dict[str, str]:
    """Return for each tensor the name of its group: what is moved without arithmetic keeps its numbers."""
    group = {name: name for name in tensors}
    for node in edit.nodes:
        if node.name in moving:
            joined = {group[name] for name in (*_variables(edit, node), *node.output)}
            group = {name: node.output[0] if old in joined else old for name, old in group.items()}
    return group


def _quantised(
    edit: OnnxEdit, groups: Mapping[str, str], moving: Collection[str], excluded: Sequence[str]
) -> dict[str, str]:
    """Return the tensors that become integers, and the group of each: those that a kernel reads or gives out."""
    kernels = [node for node in edit.nodes if _is_kernel(node, moving, excluded)]
    read = {groups[name] for node in kernels for name in _variables(edit, node)}
    computed = {groups[node.output[0]] for node in kernels}
    needed = read | computed.intersection(groups[name] for name in edit.outputs)
    return {name: group for name, group in groups.items() if group in needed}


def _only_bounded(edit: OnnxEdit, tensor: str) -> bool:
    """Tell whether all that reads a tensor cuts off what lies outside the grid of the result anyway."""
    readers = edit.readers[tensor]
    return bool(readers) and all(
        node.op_type in ("Max", "Min") or (node.op_type == "Concat" and _only_bounded(edit, node.output[0]))
        for node in readers
    )
