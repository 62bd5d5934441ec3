"""Torch to TFLite, in fp32: `image` uint8 (1, H, W, 3) -> one named output, all of it for XNNPACK."""

from typing import Any

from edgepose.export.errors import ExportError
from edgepose.export.formats.base import ExportSource
from edgepose.export.formats.tflite_network import TfliteNetwork, example
from edgepose.export.graph import OUTPUT
from edgepose.export.quiet import quiet_native
from edgepose.runtime.backends.base import one_line

KEYPOINTS = "keypoints"


def to_tflite(source: ExportSource) -> bytes:
    """Return the network, and its decoder if it has one, as a flatbuffer.

    Raises `ExportError` when the converter fails.
    """
    height, width = (dim.dim_value for dim in source.graph.graph.input[0].type.tensor_type.shape.dim[1:3])
    output = OUTPUT if source.decoder is None else KEYPOINTS
    network = TfliteNetwork(source.deployed, source.decoder, output).eval()
    with quiet_native():
        import litert_torch  # noqa: PLC0415  takes seconds

        try:
            model = litert_torch.convert(network, sample_kwargs=example(height, width))
            return with_dequantised_input(model.model_content())
        except (AttributeError, RuntimeError, TypeError, ValueError) as error:
            raise ExportError(f"litert-torch does not take the network: {one_line(error)}") from error


def with_dequantised_input(flatbuffer: bytes) -> bytes:
    """Return a model whose first cast, of pixels to floats, is a dequantisation by 1: XNNPACK takes no casts."""
    from ai_edge_litert import schema_py_generated as schema  # noqa: PLC0415  slow to import

    model = schema.ModelT.InitFromPackedBuf(flatbuffer, 0)
    graph = model.subgraphs[0]
    for operator in graph.operators:
        pixels = graph.tensors[operator.inputs[0]]
        if model.operatorCodes[operator.opcodeIndex].builtinCode == schema.BuiltinOperator.CAST:
            _dequantise(model, operator, pixels, schema)
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
