"""Explicit int8 as TensorRT takes it: Q/DQ pairs before convolutions, zero point 0, weights per output channel.

The range of an activation is the one of least squared error over all values seen, not the largest value: RePose
normalises after its ReLU, and symmetric ranges leave seven bits for what it uses. Measured on LSP's test people against
the largest value: mean keypoint error 0.28 instead of 0.36 px (PPNet 128), 0.34 instead of 0.44 px (RePose 64).
A tensor that is quantised is so for all who read it: a residual sum then fuses with its convolution.
"""

import copy
from collections.abc import Container, Mapping

import numpy as np
from onnx import ModelProto, NodeProto, helper, numpy_helper

from edgepose.export.graphs.onnx_values import values_of
from edgepose.runtime.arrays import Array, FloatArray, ImageArray

_STEPS = 127
_BINS = 2048
_SHARES = np.linspace(0.3, 1.0, 71)
"""The ranges that are tried, as shares of the largest value seen."""
_LEAST_SCALE = 1e-12


class Magnitudes:
    """How often which magnitude of a tensor was seen; the bins grow with what they must hold."""

    def __init__(self) -> None:
        self.top = 0.0
        self._limit = 0.0
        self._counts = np.zeros(_BINS)

    def add(self, values: FloatArray) -> None:
        """Count the values of a tensor of any shape."""
        magnitudes = np.abs(values).ravel()
        self.top = max(self.top, float(magnitudes.max(initial=0.0)))
        if self._limit == 0.0:
            self._limit = self.top
        while self._limit < self.top:
            self._counts = np.concatenate([self._counts.reshape(-1, 2).sum(1), np.zeros(_BINS // 2)])
            self._limit *= 2
        if self._limit > 0.0:
            bins = (magnitudes * np.float32(_BINS / self._limit)).astype(np.int32)
            self._counts += np.bincount(np.minimum(bins, _BINS - 1), minlength=_BINS)

    def scale(self) -> float:
        """Return the step of the 127 to either side with the least squared error."""
        centres = (np.arange(_BINS) + 0.5) * self._limit / _BINS
        scales = np.maximum(_SHARES * self.top / _STEPS, _LEAST_SCALE)
        steps = np.minimum(np.round(centres / scales[:, None]), _STEPS)
        errors = (np.square(steps * scales[:, None] - centres) * self._counts).sum(1)
        return float(scales[errors.argmin()])


def quantise_convolutions(graph: ModelProto, scales: Mapping[str, float], excluded: tuple[str, ...]) -> ModelProto:
    """Return a copy in which every convolution computes in int8, but those whose name is `excluded`.

    `scales` are those of `activation_scales`. Biases and all other layers stay in float32, and so do convolutions whose
    weights are computed from the image.
    """
    quantised = copy.deepcopy(graph)
    chosen = [node for node in _convolutions(quantised) if node.name not in excluded]
    activations = {node.input[0] for node in chosen}
    weights = {node.input[1] for node in chosen}
    nodes = [node for name in sorted(weights) for node in _quantise_weight(quantised, name)]
    for node in list(quantised.graph.node):
        _read_quantised(node, activations, weights, excluded)
        nodes.append(node)
        for name in node.output:
            if name in activations:
                nodes += _quantise_activation(quantised, name, scales[name])
    del quantised.graph.node[:], quantised.graph.value_info[:]
    quantised.graph.node.extend(nodes)
    _drop_unread(quantised)
    return quantised


def activation_scales(graph: ModelProto, images_rgb: ImageArray) -> dict[str, float]:
    """Return the scale of what each convolution reads, by what it is on crops uint8 (N, H, W, 3)."""
    seen = {node.input[0]: Magnitudes() for node in _convolutions(graph)}
    for of_picture in values_of(graph, list(seen), images_rgb):
        for magnitudes, values in zip(seen.values(), of_picture, strict=True):
            magnitudes.add(values)
    return {name: magnitudes.scale() for name, magnitudes in seen.items()}


def _convolutions(model: ModelProto) -> list[NodeProto]:
    """Return the convolutions whose weights are stored."""
    stored = {tensor.name for tensor in model.graph.initializer}
    return [node for node in model.graph.node if node.op_type == "Conv" and node.input[1] in stored]


def _read_quantised(
    node: NodeProto, activations: Container[str], weights: Container[str], excluded: tuple[str, ...]
) -> None:
    """Let a node read what is dequantised, unless it is to stay in floating point."""
    if node.op_type == "Conv" and (node.name in excluded or node.input[1] not in weights):
        return
    for i, name in enumerate(node.input):
        if name in activations or (node.op_type == "Conv" and name in weights):
            node.input[i] = f"{name}_dequantised"


def _quantise_activation(model: ModelProto, name: str, scale: float) -> list[NodeProto]:
    _add_constant(model, f"{name}_scale", np.float32(scale))
    _add_constant(model, f"{name}_zero", np.int8(0))
    parameters = [f"{name}_scale", f"{name}_zero"]
    return [
        helper.make_node("QuantizeLinear", [name, *parameters], [f"{name}_int8"], f"{name}_quantise"),
        helper.make_node("DequantizeLinear", [f"{name}_int8", *parameters], [f"{name}_dequantised"], f"{name}_restore"),
    ]


def _quantise_weight(model: ModelProto, name: str) -> list[NodeProto]:
    """Store a weight (out, in, ...) as int8, and return what restores it."""
    weight = numpy_helper.to_array(next(tensor for tensor in model.graph.initializer if tensor.name == name))
    by_channel = weight.reshape(len(weight), -1)
    scale = np.maximum(np.abs(by_channel).max(axis=1) / _STEPS, _LEAST_SCALE).astype(np.float32)
    steps = np.round(by_channel / scale[:, None]).clip(-_STEPS, _STEPS).astype(np.int8).reshape(weight.shape)
    _add_constant(model, f"{name}_int8", steps)
    _add_constant(model, f"{name}_scale", scale)
    _add_constant(model, f"{name}_zero", np.zeros(len(scale), np.int8))
    inputs = [f"{name}_int8", f"{name}_scale", f"{name}_zero"]
    return [helper.make_node("DequantizeLinear", inputs, [f"{name}_dequantised"], f"{name}_restore", axis=0)]


def _drop_unread(model: ModelProto) -> None:
    """Remove the float weights that no node reads any more."""
    read = {name for node in model.graph.node for name in node.input}
    kept = [tensor for tensor in model.graph.initializer if tensor.name in read]
    del model.graph.initializer[:]
    model.graph.initializer.extend(kept)


def _add_constant(model: ModelProto, name: str, value: Array | np.generic) -> None:
    model.graph.initializer.append(numpy_helper.from_array(np.asarray(value), name))
