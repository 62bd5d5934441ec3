"""The tiny model as a TFLite file, written with the flatbuffer schema that LiteRT carries: no converter, no torch.

`CAST -> CONV_2D (8x8, stride 4, SAME) -> TRANSPOSE`, the same arithmetic as the tiny ONNX model; channels last inside.
"""

from dataclasses import replace
from pathlib import Path
from typing import Any

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema

from edgepose.runtime.model_files.card import ModelCard
from edgepose.runtime.model_files.sidecar import write_sidecar
from edgepose.runtime.model_files.tensors import TensorSpec
from edgepose.runtime.model_files.tflite_file import with_card
from support.tiny_card import STRIDE, tiny_card

_TYPES = {
    "uint8": schema.TensorType.UINT8,
    "int32": schema.TensorType.INT32,
    "float32": schema.TensorType.FLOAT32,
}
_OPERATORS = (schema.BuiltinOperator.CAST, schema.BuiltinOperator.CONV_2D, schema.BuiltinOperator.TRANSPOSE)


def tiny_flatbuffer(card: ModelCard, *, signature: bool = True) -> bytes:
    """Return the network that a card describes; -1 in the card is a free length, without `signature` tensors alone are
    named.
    """
    image, heatmaps = card.inputs[0], card.outputs[0]
    height, width = image.shape[1:3]
    joints, map_height, map_width = heatmaps.shape[1:]
    model, graph = schema.ModelT(), schema.SubGraphT()
    model.version, model.buffers, model.subgraphs = 3, [schema.BufferT()], [graph]
    graph.name, graph.tensors = b"main", []
    weight = np.full((joints, 2 * STRIDE, 2 * STRIDE, 3), 1 / (3 * 255 * 4 * STRIDE**2), np.float32)
    fed = _add(model, image)
    pixels = _add(model, TensorSpec("pixels", "float32", (image.shape[0], height, width, 3)))
    weights = _add(model, TensorSpec("weight", "float32", weight.shape), weight)
    bias = _add(model, TensorSpec("bias", "float32", (joints,)), np.zeros(joints, np.float32))
    mean = _add(model, TensorSpec("mean", "float32", (image.shape[0], map_height, map_width, joints)))
    order = _add(model, TensorSpec("order", "int32", (4,)), np.array([0, 3, 1, 2], np.int32))
    given = _add(model, heatmaps)
    graph.inputs, graph.outputs = [fed], [given]
    graph.operators = [
        _operator(0, [fed], pixels, schema.BuiltinOptions.CastOptions, schema.CastOptionsT()),
        _operator(1, [pixels, weights, bias], mean, schema.BuiltinOptions.Conv2DOptions, _convolution()),
        _operator(2, [mean, order], given, schema.BuiltinOptions.TransposeOptions, schema.TransposeOptionsT()),
    ]
    model.operatorCodes = [_code(operator) for operator in _OPERATORS]
    model.signatureDefs = [_signature({image.name: fed}, {heatmaps.name: given})] if signature else []
    return _packed(model)


def of_another_version(flatbuffer: bytes) -> bytes:
    """Return a model that asks for a convolution that no engine has yet."""
    model = schema.ModelT.InitFromObj(schema.Model.GetRootAs(flatbuffer, 0))
    model.operatorCodes[1].version = 99
    return _packed(model)


def of_single_images(flatbuffer: bytes) -> bytes:
    """Return a model of free batch that nevertheless fails on more than one image, as a fixed reshape would."""
    model = schema.ModelT.InitFromObj(schema.Model.GetRootAs(flatbuffer, 0))
    order = model.buffers[model.subgraphs[0].tensors[5].buffer]
    mean, shape = model.subgraphs[0].tensors[4].shape, model.subgraphs[0].tensors[6].shape
    assert np.prod(mean) == np.prod(shape)
    order.data = np.frombuffer(np.asarray(shape, np.int32).tobytes(), np.uint8)
    model.operatorCodes[2].builtinCode = model.operatorCodes[2].deprecatedBuiltinCode = schema.BuiltinOperator.RESHAPE
    operator = model.subgraphs[0].operators[2]
    operator.builtinOptionsType, operator.builtinOptions = schema.BuiltinOptions.NONE, None
    return _packed(model)


def _packed(model: Any) -> bytes:
    builder = flatbuffers.Builder(1024)
    builder.Finish(model.Pack(builder), file_identifier=b"TFL3")
    return bytes(builder.Output())


def _add(model: Any, spec: TensorSpec, value: np.ndarray[Any, Any] | None = None) -> int:
    """Add a tensor, a constant where it has a value, and return its index."""
    tensor, graph = schema.TensorT(), model.subgraphs[0]
    tensor.name, tensor.type = spec.name.encode(), _TYPES[spec.dtype]
    tensor.shape = [abs(n) for n in spec.shape]
    tensor.shapeSignature = list(spec.shape) if min(spec.shape) < 0 else None
    if value is not None:
        buffer = schema.BufferT()
        buffer.data = np.frombuffer(value.tobytes(), np.uint8)
        tensor.buffer = len(model.buffers)
        model.buffers.append(buffer)
    graph.tensors.append(tensor)
    return len(graph.tensors) - 1


def _code(builtin: int) -> Any:
    code = schema.OperatorCodeT()
    code.builtinCode = code.deprecatedBuiltinCode = builtin
    return code


def _operator(code: int, inputs: list[int], output: int, kind: int, options: Any) -> Any:
    operator = schema.OperatorT()
    operator.opcodeIndex, operator.inputs, operator.outputs = code, inputs, [output]
    operator.builtinOptionsType, operator.builtinOptions = kind, options
    return operator


def _convolution() -> Any:
    options = schema.Conv2DOptionsT()
    options.padding, options.strideH, options.strideW = schema.Padding.SAME, STRIDE, STRIDE
    options.fusedActivationFunction = schema.ActivationFunctionType.RELU
    return options


def _signature(inputs: dict[str, int], outputs: dict[str, int]) -> Any:
    signature = schema.SignatureDefT()
    signature.signatureKey, signature.subgraphIndex = b"serving_default", 0
    signature.inputs, signature.outputs = _named(inputs), _named(outputs)
    return signature


def _named(tensors: dict[str, int]) -> list[Any]:
    maps = []
    for name, index in tensors.items():
        entry = schema.TensorMapT()
        entry.name, entry.tensorIndex = name.encode(), index
        maps.append(entry)
    return maps


def fixed_batch(card: ModelCard) -> ModelCard:
    """Return the card of a model that takes one image at a time, as exported TFLite files do."""
    inputs, outputs = (
        tuple(replace(s, shape=(1, *s.shape[1:])) for s in specs) for specs in (card.inputs, card.outputs)
    )
    return replace(card, inputs=inputs, outputs=outputs, format="tflite")


def save_tiny_tflite(
    folder: Path, card: ModelCard | None = None, *, embed: bool = True, sidecar: bool = True, signature: bool = True
) -> Path:
    """Write `<name>.tflite` with its card inside and beside it, and return its path."""
    card = fixed_batch(tiny_card()) if card is None else replace(card, format="tflite")
    model = tiny_flatbuffer(card, signature=signature)
    path = folder / f"{card.name}.tflite"
    path.write_bytes(with_card(model, card) if embed else model)
    if sidecar:
        write_sidecar(path, card)
    return path
