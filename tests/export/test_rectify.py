"""The rewriting for ONNX Runtime is exact, whatever the signs, the groups and the padding."""

from typing import Any

import numpy as np
import onnxruntime
import pytest
import torch
from onnx import ModelProto
from torch import nn

from edgepose.export.formats import ExportSource
from edgepose.export.graph import to_onnx
from edgepose.export.rectify import rectify
from edgepose.export.widening import widen_groups, widen_outputs
from edgepose.runtime.skeleton import LSP_14
from edgepose.train.networks import DeployNetwork, NetworkSpec

SIZE = (64, 64)
SMALLEST = {"width": "8", "blocks": "1", "coarsest": "32"}


def run(graph: ModelProto, images_rgb: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    session = onnxruntime.InferenceSession(graph.SerializeToString(), providers=["CPUExecutionProvider"])
    result: np.ndarray[Any, Any] = session.run(None, {"image": images_rgb})[0]
    return result


def random_graph(network: nn.Module, input_wh: tuple[int, int]) -> ModelProto:
    """Return the graph of a network whose normalisation has scales of either sign and shifts far from zero."""
    torch.manual_seed(3)
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.uniform_(module.weight, -1, 1)
            nn.init.uniform_(module.bias, -1, 1)
            module.running_mean = torch.rand_like(module.weight)
            module.running_var = 0.5 + torch.rand_like(module.weight)
        elif isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight)
    return to_onnx(DeployNetwork(network), input_wh)


def operators(graph: ModelProto) -> set[str]:
    return {node.op_type for node in graph.graph.node}


@pytest.fixture(scope="module")
def repose() -> ModelProto:
    return random_graph(NetworkSpec.of_paper("repose", SMALLEST, LSP_14, SIZE).build(), SIZE)


@pytest.fixture(scope="module")
def images_rgb() -> np.ndarray[Any, Any]:
    width, height = SIZE
    return np.random.default_rng(3).integers(0, 256, (1, height, width, 3), np.uint8)


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
    assert all(width >= 16 for width in widths)
