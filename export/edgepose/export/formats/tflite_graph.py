"""Torch to TFLite, in fp32: `image` uint8 (1, H, W, 3) -> one named output, all of it for XNNPACK."""

from collections.abc import Mapping
from typing import Any

from torch import Tensor

from edgepose.export.errors import ExportError
from edgepose.export.formats.base import ExportSource
from edgepose.export.formats.tflite_network import TfliteNetwork, example
from edgepose.export.quiet import quiet
from edgepose.runtime.backends.base import last_line
from edgepose.runtime.model_files.decoding import KEYPOINTS


def to_tflite(source: ExportSource) -> bytes:
    """Return the network, and its decoder if it has one, as a flatbuffer.

    Raises `ExportError` when the converter fails.
    """
    height, width = (dim.dim_value for dim in source.graph.graph.input[0].type.tensor_type.shape.dim[1:3])
    output = source.graph.graph.output[0].name if source.decoder is None else KEYPOINTS
    network = TfliteNetwork(source.deployed, source.decoder, output).eval()
    with quiet():
        import litert_torch  # noqa: PLC0415  takes seconds

        try:
            model = litert_torch.convert(network, sample_kwargs=example(height, width))
            return _finished(model.model_content(), network.convolutions())
        except (AttributeError, RuntimeError, TypeError, ValueError) as error:
            raise ExportError(f"litert-torch does not take the network: {last_line(error)}") from error


def _finished(flatbuffer: bytes, convolutions: Mapping[str, Tensor]) -> bytes:
    """Return a model whose cast of pixels to floats is a dequantisation by 1 (XNNPACK takes no casts).

    What a convolution gives is called by the module that has its weights.
    """
    from ai_edge_litert import schema_py_generated as schema  # noqa: PLC0415  slow to import

    model = schema.ModelT.InitFromPackedBuf(flatbuffer, 0)
    graph = model.subgraphs[0]
    names: dict[bytes, list[str]] = {}
    for name, weight in convolutions.items():
        names.setdefault(weight.permute(0, 2, 3, 1).contiguous().numpy().tobytes(), []).append(name)
    for operator in graph.operators:
        code = model.operatorCodes[operator.opcodeIndex].builtinCode
        if code == schema.BuiltinOperator.CAST:
            _dequantise(model, operator, graph.tensors[operator.inputs[0]], schema)
        if code == schema.BuiltinOperator.CONV_2D:
            weight = model.buffers[graph.tensors[operator.inputs[1]].buffer].data
            same = names.get(bytes(weight))
            if same:
                graph.tensors[operator.outputs[0]].name = same.pop(0).encode()
    return packed(model)


def _dequantise(model: Any, operator: Any, pixels: Any, schema: Any) -> None:
    code = schema.OperatorCodeT()
    code.builtinCode = code.deprecatedBuiltinCode = schema.BuiltinOperator.DEQUANTIZE
    # with version 2 come integers other than uint8
    code.version = 1
    model.operatorCodes.append(code)
    operator.opcodeIndex = len(model.operatorCodes) - 1
    operator.builtinOptionsType, operator.builtinOptions = schema.BuiltinOptions.NONE, None
    pixels.quantization = schema.QuantizationParametersT()
    pixels.quantization.scale, pixels.quantization.zeroPoint = [1.0], [0]


def packed(model: Any) -> bytes:
    """Return a model of the schema's objects as a flatbuffer."""
    import flatbuffers  # noqa: PLC0415  with its schema above

    builder = flatbuffers.Builder(1 << 20)
    builder.Finish(model.Pack(builder), file_identifier=b"TFL3")
    return bytes(builder.Output())
