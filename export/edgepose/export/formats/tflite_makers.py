"""What makes the input of a layer: TFLite has one type for a tensor, so that a layer alone cannot be spared int8.

A convolution that is left in floating point reads what the layer before it gives; were that int8, the wide range that
is to be spared would have lost its small values already.
"""

import re
from collections.abc import Sequence
from typing import Any

_MOVING = ("CONCATENATION", "RESHAPE", "TRANSPOSE", "STRIDED_SLICE", "SLICE", "SPLIT", "PAD", "GATHER")
"""Operations that give the numbers that they take."""


def with_makers(flatbuffer: bytes, patterns: Sequence[str]) -> list[str]:
    """Return the names of the convolutions that match a pattern, and of what makes their inputs, as whole patterns."""
    from ai_edge_quantizer.utils import tfl_flatbuffer_utils as tools  # noqa: PLC0415  slow to import

    model = tools.read_model(flatbuffer)
    graph = model.subgraphs[0]
    makers = {tensor: operation for operation in graph.operators for tensor in operation.outputs}
    names: dict[str, None] = {}

    def add(operation: Any) -> None:
        names[tools.get_op_scope(operation, graph.tensors)] = None

    def add_maker(tensor: int) -> None:
        maker = makers.get(tensor)
        if maker is None:
            return
        add(maker)
        code = model.operatorCodes[maker.opcodeIndex].builtinCode
        if tools.TFL_OP_CODE_TO_NAME.get(code) in _MOVING:
            for source in maker.inputs:
                add_maker(source)

    for operation in graph.operators:
        scope = tools.get_op_scope(operation, graph.tensors)
        if any(re.search(pattern, scope) for pattern in patterns):
            add(operation)
            add_maker(operation.inputs[0])
    return [f"^{re.escape(name)}$" for name in names]
