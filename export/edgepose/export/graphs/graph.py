"""Torch to ONNX: one graph, uint8 RGB in, maps out, every convolution called by its module's name."""

from typing import Any

import onnxsim
import torch
from onnx import ModelProto
from torch import Tensor, nn

from edgepose.export.errors import ExportError
from edgepose.export.quiet import quiet
from edgepose.train.networks import DeployNetwork

INPUT, OUTPUT = "image", "heatmaps"


def to_onnx(deployed: DeployNetwork, input_wh: tuple[int, int], output: str = OUTPUT) -> ModelProto:
    """Return the simplified fp32 graph: `image` uint8 (1, H, W, 3) RGB -> `output` float32 (1, K, h, w).

    Raises `ExportError` when the simplified graph computes something else.
    """
    width, height = input_wh
    graph = traced(deployed, torch.zeros((1, height, width, 3), dtype=torch.uint8), INPUT, output)
    _name_by_module(graph)
    return graph


def traced(module: nn.Module, example: Tensor, input_name: str, output_name: str) -> ModelProto:
    """Return the simplified graph of a module of one input, of the example's shape, and one output.

    Raises `ExportError` when the simplified graph computes something else.
    """
    with quiet():
        program = torch.onnx.export(
            module.eval(),
            (example,),
            dynamo=True,
            external_data=False,
            input_names=[input_name],
            output_names=[output_name],
            verbose=False,
        )
        assert program is not None
        graph, same = onnxsim.simplify(program.model_proto)
    if not same:
        raise ExportError("onnxsim changed what the network computes; report this network's settings")
    del graph.metadata_props[:]
    return graph


def _name_by_module(graph: ModelProto) -> None:
    """Call each convolution by the module that its weight belongs to, so that reports name what the code names."""
    taken: set[str] = set()
    for node in graph.graph.node:
        name = _module_of(node)
        if name is not None and name not in taken:
            node.name = name
            taken.add(name)


def _module_of(node: Any) -> str | None:
    if node.op_type != "Conv" or not node.input[1].endswith(".weight"):
        return None
    return str(node.input[1]).removeprefix("network.").removesuffix(".weight")
