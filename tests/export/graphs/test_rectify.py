"""The rewriting for ONNX Runtime is exact, whatever the signs, the groups and the padding."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import onnxruntime
import pytest
from onnx import ModelProto, numpy_helper

from edgepose.export.formats import ExportSource
from edgepose.export.graphs.rectify import rectify
from edgepose.export.graphs.widening import widen_groups, widen_outputs
from support.settled import CROPS


def run(graph: ModelProto, images_rgb: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    session = onnxruntime.InferenceSession(graph.SerializeToString(), providers=["CPUExecutionProvider"])
    result: np.ndarray[Any, Any] = session.run(None, {"image": images_rgb})[0]
    return result


def with_random_weights(original: ModelProto) -> ModelProto:
    """Return a graph whose normalisation has scales of either sign and shifts far from zero."""
    rng, graph = np.random.default_rng(3), ModelProto()
    graph.CopyFrom(original)
    values = {value.name: value for value in graph.graph.initializer}

    def put(name: str, made: Callable[[tuple[int, ...]], np.ndarray[Any, Any]]) -> None:
        shape = tuple(values[name].dims)
        values[name].CopyFrom(numpy_helper.from_array(made(shape).astype(np.float32), name))

    for node in graph.graph.node:
        if node.op_type == "BatchNormalization":
            scale, shift, mean, variance = node.input[1:]
            put(scale, lambda shape: rng.uniform(-1, 1, shape))
            put(shift, lambda shape: rng.uniform(-1, 1, shape))
            put(mean, lambda shape: rng.uniform(0, 1, shape))
            put(variance, lambda shape: rng.uniform(0.5, 1.5, shape))
        elif node.op_type == "Conv" and node.input[1] in values:
            put(node.input[1], lambda shape: rng.normal(0, math.sqrt(2 / math.prod(shape[1:])), shape))
    return graph


def operators(graph: ModelProto) -> set[str]:
    return {node.op_type for node in graph.graph.node}


@pytest.fixture(scope="module")
def repose(settled_repose: ExportSource) -> ModelProto:
    return with_random_weights(settled_repose.graph)


@pytest.fixture(scope="module")
def images_rgb() -> np.ndarray[Any, Any]:
    return CROPS[:1]


@pytest.mark.parametrize("rewrite", [rectify, widen_groups, widen_outputs])
def test_the_maps_are_those_of_the_graph(repose: ModelProto, images_rgb: np.ndarray[Any, Any], rewrite: Any) -> None:
    expected = run(repose, images_rgb)
    found = run(rewrite(repose), images_rgb)
    np.testing.assert_allclose(found, expected, atol=1e-5 * np.abs(expected).max())


def test_batch_norms_after_a_relu_become_bounds(repose: ModelProto) -> None:
    assert "BatchNormalization" in operators(repose)
    rectified = operators(rectify(repose))
    assert not {"BatchNormalization", "Relu", "Mul", "Div"} & rectified
    assert {"Min", "Max"} <= rectified


def test_a_network_that_normalises_before_its_relu_keeps_its_layers(
    settled_ppnet: ExportSource, images_rgb: np.ndarray[Any, Any]
) -> None:
    graph = settled_ppnet.graph
    expected = run(graph, images_rgb)
    np.testing.assert_allclose(run(rectify(graph), images_rgb), expected, atol=1e-5 * np.abs(expected).max())
    assert "Relu" in operators(rectify(graph))


def test_the_graph_itself_stays_as_it_is(repose: ModelProto) -> None:
    before = repose.SerializeToString()
    rectify(repose)
    widen_groups(repose)
    widen_outputs(repose)
    assert repose.SerializeToString() == before


def test_no_group_is_narrower_than_a_register(repose: ModelProto) -> None:
    widths = [
        next(value.dims[0] for value in graph.graph.initializer if value.name == node.input[1]) // group
        for graph in [widen_groups(repose)]
        for node in graph.graph.node
        for group in [attribute.i for attribute in node.attribute if attribute.name == "group"]
        if group > 1
    ]
    assert widths
    assert all(width >= 16 for width in widths)
