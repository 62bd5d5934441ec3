"""What makes the input of a layer: TFLite has one type for a tensor, so that a layer alone cannot be spared int8.

A convolution that is left in floating point reads what the layer before it gives; were that int8, the wide range that
is to be spared would have lost its small values already.

A depthwise convolution whose kernels are computed from the image is always left so, kernels included: they have one
range for all channels, and the integer kernels of the engine take constants. Measured on a PIL at 128x128 of random
weights: all in int8, maps were off by 0.46 of the highest peak, so by 0.05.
"""

import re
from collections.abc import Sequence
from typing import Any

_MOVING = ("CONCATENATION", "RESHAPE", "TRANSPOSE", "STRIDED_SLICE", "SLICE", "SPLIT", "PAD", "GATHER")
"""Operations that give the numbers that they take."""


def with_makers(flatbuffer: bytes, patterns: Sequence[str]) -> list[str]:
    """Return as whole patterns the names of the convolutions that match one, and of what makes their inputs.

    With them those of convolutions by computed kernels, and of what makes these.
    """
    from ai_edge_quantizer.utils import tfl_flatbuffer_utils as tools  # noqa: PLC0415  slow to import

    model = tools.read_model(flatbuffer)
    graph = model.subgraphs[0]
    makers = {tensor: operation for operation in graph.operators for tensor in operation.outputs}
    names: dict[str, None] = {}

    def _is_dynamic(operation: Any) -> bool:
        code = model.operatorCodes[operation.opcodeIndex].builtinCode
        return tools.TFL_OP_CODE_TO_NAME.get(code) == "DEPTHWISE_CONV_2D" and operation.inputs[1] in makers

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
        if _is_dynamic(operation):
            add(operation)
            add_maker(operation.inputs[1])
    return [f"^{re.escape(name)}$" for name in names]
