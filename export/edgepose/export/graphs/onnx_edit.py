"""An ONNX graph opened for rewriting: who makes and who reads each tensor, and what is constant."""

import copy
from collections import defaultdict
from collections.abc import Iterable
from typing import Any

import numpy as np
from onnx import ModelProto, NodeProto, TensorProto, ValueInfoProto, helper, numpy_helper, shape_inference

from edgepose.runtime.arrays import Array


class OnnxEdit:
    """A copy of a model; `nodes` and `constants` are free to change, `model` gives the result.

    `makers` and `readers` are of the model as it came: they do not follow changes.
    """

    def __init__(self, model: ModelProto) -> None:
        self._model = ModelProto()
        self._model.CopyFrom(model)
        graph = self._model.graph
        self.nodes: list[NodeProto] = list(graph.node)
        self.constants: dict[str, Array] = {each.name: numpy_helper.to_array(each) for each in graph.initializer}
        self.inputs = [value.name for value in graph.input]
        self.outputs = [value.name for value in graph.output]
        self.makers = {name: node for node in self.nodes for name in node.output}
        self.readers: dict[str, list[NodeProto]] = defaultdict(list)
        for node in self.nodes:
            for name in node.input:
                self.readers[name].append(node)

    def only_reader(self, tensor: str) -> NodeProto | None:
        """Return the one node that reads a tensor, None where there are more, or none, or it is an output."""
        readers = self.readers[tensor]
        return readers[0] if len(readers) == 1 and tensor not in self.outputs else None

    def constant(self, name: str, value: Any, dtype: Any = np.float32) -> str:
        """Add or replace a constant, and return its name."""
        self.constants[name] = np.asarray(value, dtype)
        return name

    def replace(self, old: Iterable[NodeProto], new: Iterable[NodeProto]) -> None:
        """Put nodes in the place of others; the order of `nodes` does not matter."""
        gone = {id(node) for node in old}
        self.nodes = [node for node in self.nodes if id(node) not in gone] + list(new)

    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Return the shape of every tensor of the model as it came."""
        return {
            value.name: tuple(size.dim_value for size in value.type.tensor_type.shape.dim) for value in self._values()
        }

    def reals(self) -> list[str]:
        """Return the tensors of float32 that nodes of the model, as it came, give."""
        made = [value for value in self._values() if value.name in self.makers]
        return [value.name for value in made if value.type.tensor_type.elem_type == TensorProto.FLOAT]

    def _values(self) -> list[ValueInfoProto]:
        graph = shape_inference.infer_shapes(self._model).graph
        return [*graph.input, *graph.value_info, *graph.output]

    def model(self) -> ModelProto:
        """Return the rewritten model: nodes in order, only the nodes and constants that are read."""
        nodes = _in_order(self.nodes, {"", *self.constants, *self.inputs})
        used = set(self.outputs)
        for node in reversed(nodes):
            if used.intersection(node.output):
                used.update(node.input)
        nodes = [copy.deepcopy(node) for node in nodes if used.intersection(node.output)]
        result = ModelProto()
        result.CopyFrom(self._model)
        for field in (result.graph.node, result.graph.initializer, result.graph.value_info):
            del field[:]
        result.graph.node.extend(nodes)
        result.graph.initializer.extend(
            numpy_helper.from_array(value, name) for name, value in self.constants.items() if name in used
        )
        return result


def attribute(node: NodeProto, name: str, default: Any) -> Any:
    """Return the value of a node's attribute."""
    found = [helper.get_attribute_value(each) for each in node.attribute if each.name == name]
    return found[0] if found else default


def _in_order(nodes: list[NodeProto], known: set[str]) -> list[NodeProto]:
    """Sort nodes so that each comes after those it reads from."""
    waiting = {id(node): sum(name not in known for name in set(node.input)) for node in nodes}
    readers: dict[str, list[NodeProto]] = defaultdict(list)
    for node in nodes:
        for name in set(node.input):
            readers[name].append(node)
    ready = [node for node in nodes if waiting[id(node)] == 0]
    ordered = []
    while ready:
        node = ready.pop(0)
        ordered.append(node)
        for name in node.output:
            for reader in readers[name]:
                waiting[id(reader)] -= 1
                if waiting[id(reader)] == 0:
                    ready.append(reader)
    assert len(ordered) == len(nodes), "a node reads a tensor that nobody makes"
    return ordered
