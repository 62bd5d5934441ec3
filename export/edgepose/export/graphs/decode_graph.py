"""The decode as an ONNX graph, and at the end of a network's: joined last, so that no quantiser sees it."""

import torch
from onnx import ModelProto, compose, helper
from torch import nn

from edgepose.export.graphs.graph import OUTPUT, traced
from edgepose.runtime.model_files.decoding import KEYPOINTS

PREFIX = "decode/"
"""What the names of a decode's nodes begin with, in every graph that holds one."""


def decode_graph(decoder: nn.Module, network: ModelProto) -> ModelProto:
    """Return a decoder of a network's maps: `heatmaps` float32 (1, K, h, w) -> `keypoints` float32 (1, K, 3).

    Raises `ExportError` when simplifying the graph changes what it computes.
    """
    shape = [size.dim_value for size in network.graph.output[0].type.tensor_type.shape.dim]
    graph = traced(decoder, torch.zeros(shape), OUTPUT, KEYPOINTS)
    named = compose.add_prefix_graph(graph.graph, PREFIX, rename_inputs=False, rename_outputs=False)
    graph.graph.CopyFrom(named)
    return graph


def with_decode(network: ModelProto, decode: ModelProto) -> ModelProto:
    """Return a graph that computes what both do, one after the other, each in its own precision."""
    joined = compose.merge_graphs(network.graph, decode.graph, [(OUTPUT, OUTPUT)])
    return helper.make_model(
        joined, opset_imports=network.opset_import, ir_version=network.ir_version, functions=network.functions
    )
