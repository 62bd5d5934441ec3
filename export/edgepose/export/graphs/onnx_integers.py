"""The nodes of an int8 ONNX graph: Q/DQ pairs around arithmetic, plain integers for what only moves numbers."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from onnx import ModelProto, NodeProto, helper

from edgepose.export.graphs.onnx_edit import OnnxEdit, attribute
from edgepose.runtime.arrays import Array


@dataclass(frozen=True)
class Grid:
    """The 256 numbers that a tensor can have: `scale` * (0..255 - `zero`)."""

    scale: float
    zero: int

    @classmethod
    def over(cls, low: float, high: float) -> "Grid":
        """Return the finest grid over a range, with 0 on it."""
        low, high = min(low, 0.0), max(high, 0.0)
        scale = max(high - low, 1e-6) / 255
        return cls(scale, round(-low / scale))

    def integers(self, values: Array) -> Array:
        """Return the nearest numbers of the grid, uint8."""
        steps: Array = np.clip(np.rint(values / self.scale) + self.zero, 0, 255).astype(np.uint8)
        return steps


class IntegerWriter:
    """Writes each node of a graph in its int8 form.

    `grids` are those of the tensors that become integers, `moving` names the nodes that work on these as they are,
    `excluded` the convolutions that stay in floating point.
    """

    def __init__(
        self, edit: OnnxEdit, grids: Mapping[str, Grid], moving: Collection[str], excluded: Sequence[str]
    ) -> None:
        self._edit, self._grids, self._moving, self._excluded = edit, grids, moving, excluded
        self._shapes = edit.shapes()
        self._written: list[NodeProto] = []

    def model(self) -> ModelProto:
        """Return the whole graph."""
        for node in self._edit.nodes:
            if node.name in self._moving and node.output[0] in self._grids:
                self._move(node)
            else:
                self._compute(node)
        for name in self._grids:
            real = name if name in self._edit.outputs else f"{name}_real"
            self._write("DequantizeLinear", [f"{name}_int", *self._constants_of(name)], real)
        self._edit.nodes = self._written
        return self._edit.model()

    def _write(self, op: str, inputs: Sequence[str], output: str, **attributes: object) -> None:
        self._written.append(helper.make_node(op, inputs, [output], name=f"{output}_{op}", **attributes))

    def _constants_of(self, tensor: str) -> tuple[str, str]:
        """Return the names of a tensor's scale and zero."""
        grid = self._grids[tensor]
        scale = self._edit.constant(f"{tensor}_scale", grid.scale)
        return scale, self._edit.constant(f"{tensor}_zero", grid.zero, np.uint8)

    def _move(self, node: NodeProto) -> None:
        """Write a node that moves or compares numbers, on the integers."""
        grid = self._grids[node.output[0]]
        if node.op_type == "Resize" and self._repeat(node):
            return
        moved = NodeProto()
        moved.CopyFrom(node)
        for i, name in enumerate(node.input):
            if name in self._grids:
                moved.input[i] = f"{name}_int"
            elif node.op_type in ("Max", "Min"):
                bounds = grid.integers(self._edit.constants[name])
                moved.input[i] = self._edit.constant(f"{name}_int", bounds, np.uint8)
        moved.output[:] = [f"{name}_int" for name in node.output]
        self._written.append(moved)

    def _repeat(self, node: NodeProto) -> bool:
        """Write nearest-neighbour upsampling, channels last, by two gathers; tell whether the node is that.

        ONNX Runtime's own resize of bytes takes four times as long.
        """
        kind = [attribute(node, name, b"") for name in ("mode", "nearest_mode", "coordinate_transformation_mode")]
        if kind != [b"nearest", b"floor", b"asymmetric"]:
            return False
        source, target = node.input[0], node.output[0]
        self._write("Transpose", [f"{source}_int"], f"{target}_last", perm=[0, 2, 3, 1])
        current = f"{target}_last"
        for axis in (1, 2):
            before, after = self._shapes[source][axis + 1], self._shapes[target][axis + 1]
            rows = self._edit.constant(f"{target}_axis{axis}", np.arange(after) * before // after, np.int64)
            self._write("Gather", [current, rows], f"{target}_along{axis}", axis=axis)
            current = f"{target}_along{axis}"
        self._write("Transpose", [current], f"{target}_int", perm=[0, 3, 1, 2])
        return True

    def _compute(self, node: NodeProto) -> None:
        """Write a node on real numbers, quantised before and after."""
        computed = NodeProto()
        computed.CopyFrom(node)
        for i, name in enumerate(node.input):
            if name in self._grids:
                computed.input[i] = f"{name}_real"
        if node.op_type == "Conv" and node.name not in self._excluded:
            self._quantise_weights(computed, self._grids[node.input[0]])
        source, target = node.output[0], node.output[0]
        if node.op_type == "Relu" and target in self._grids and self._grids[target].zero == 0:
            source = computed.input[0]  # nothing below zero has a number
        else:
            self._written.append(computed)
        if target in self._grids:
            if target in self._edit.outputs:
                source = computed.output[0] = f"{target}_exact"
            self._write("QuantizeLinear", [source, *self._constants_of(target)], f"{target}_int")

    def _quantise_weights(self, node: NodeProto, grid: Grid) -> None:
        """Let a convolution read int8 weights and an int32 bias, both symmetric and per output channel."""
        weight = self._edit.constants[node.input[1]].astype(np.float64)
        bias = self._edit.constants[node.input[2]].astype(np.float64) if len(node.input) > 2 else np.zeros(len(weight))
        steps = np.abs(weight).max(axis=(1, 2, 3)) / 127
        # a channel of next to no weight must not make steps in which its bias has more than 31 bits
        steps = np.maximum(steps, np.maximum(np.abs(bias) / (grid.scale * 2.0**30), 1e-12))
        integers = {
            "weight": (np.rint(weight / steps.reshape(-1, 1, 1, 1)), steps, np.int8),
            "bias": (np.rint(bias / (steps * grid.scale)), steps * grid.scale, np.int32),
        }
        names = []
        for part, (values, scale, dtype) in integers.items():
            constants = [
                self._edit.constant(f"{node.name}.{part}_int", values, dtype),
                self._edit.constant(f"{node.name}.{part}_scale", scale),
                self._edit.constant(f"{node.name}.{part}_zero", np.zeros(len(scale)), dtype),
            ]
            self._write("DequantizeLinear", constants, f"{node.name}.{part}_real", axis=0)
            names.append(f"{node.name}.{part}_real")
        node.input[:] = [node.input[0], *names]
