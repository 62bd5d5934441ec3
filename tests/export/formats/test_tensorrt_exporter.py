"""Files for TensorRT: types and Q/DQ as it takes them, proven by an engine built here."""

from collections import Counter
from pathlib import Path
from types import ModuleType

import numpy as np
import onnx
import pytest
from onnx import ModelProto, TensorProto, numpy_helper

from edgepose.export.errors import ExportError
from edgepose.export.formats import ExportSource
from edgepose.export.formats import tensorrt as exporter_module
from edgepose.export.formats.tensorrt import TensorRtExporter, prove
from edgepose.export.graphs.decode import HeatmapDecoder
from edgepose.export.graphs.graph import to_onnx
from edgepose.runtime.arrays import ImageArray
from edgepose.runtime.backends.tensorrt_build import build_engine
from edgepose.runtime.errors import MissingExtraError, ModelError
from edgepose.train.checkpoints.checkpoint import load_checkpoint, resolve_checkpoint
from edgepose.train.networks import DeployNetwork
from support.engines import tensorrt_or_skip
from support.settled import CROPS
from support.tiny_tensorrt import tiny_quantised
from support.trained import PPNET

PRECISIONS = TensorRtExporter.precisions


@pytest.fixture(scope="module")
def images_rgb() -> ImageArray:
    return CROPS


@pytest.fixture(scope="module")
def source(settled_ppnet: ExportSource) -> ExportSource:
    return settled_ppnet


@pytest.fixture(scope="module")
def graphs(source: ExportSource, images_rgb: ImageArray) -> dict[str, ModelProto]:
    return {precision: TensorRtExporter().convert(source, precision, images_rgb) for precision in PRECISIONS}


def test_tensorrt_rtx_searches_the_fastest_engine_of_int8_without_a_gpu(graphs: dict[str, ModelProto]) -> None:
    """Of every precision `convert` has built one quickly."""
    assert build_engine(tensorrt_or_skip(), graphs["int8"].SerializeToString(), "int8")


@pytest.mark.parametrize("precision", PRECISIONS)
def test_a_graph_that_tensorrt_does_not_build_is_no_export(
    source: ExportSource, images_rgb: ImageArray, precision: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(tensorrt: ModuleType, graph: bytes, name: str, *, quickly: bool) -> bytes:
        raise ModelError(f"{name} has no kernel")

    tensorrt_or_skip()
    monkeypatch.setattr(exporter_module, "build_engine", refuse)
    with pytest.raises(ExportError, match=f"^no TensorRT file was made: the {precision} graph has no kernel$"):
        TensorRtExporter().convert(source, precision, images_rgb)


@pytest.mark.parametrize("precision", PRECISIONS)
def test_bytes_go_in_and_floats_come_out(graphs: dict[str, ModelProto], precision: str) -> None:
    onnx.checker.check_model(graphs[precision], full_check=True)
    graph = graphs[precision].graph
    assert [value.type.tensor_type.elem_type for value in graph.input] == [TensorProto.UINT8]
    assert [value.type.tensor_type.elem_type for value in graph.output] == [TensorProto.FLOAT]
    assert [node.op_type for node in graph.node if "image" in node.input] == ["Cast"], "all that TensorRT does to uint8"


def test_fp16_is_typed_throughout(graphs: dict[str, ModelProto]) -> None:
    graph = graphs["fp16"].graph
    floats = [tensor for tensor in graph.initializer if tensor.data_type == TensorProto.FLOAT]
    scales = {node.input[2] for node in graph.node if node.op_type == "Resize"}
    assert {tensor.name for tensor in floats} <= scales, "ONNX wants the scales of a Resize in float32"
    assert Counter(node.op_type for node in graph.node)["Cast"] == 2, "one cast in, one out"


def test_int8_is_symmetric_per_channel_and_leaves_biases_alone(graphs: dict[str, ModelProto]) -> None:
    graph = graphs["int8"].graph
    constants = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
    made_by = {name: node for node in graph.node for name in node.output}
    for node in (node for node in graph.node if node.op_type.endswith("QuantizeLinear")):
        assert constants[node.input[2]].dtype == np.int8
        assert not constants[node.input[2]].any()
    convolutions = [node for node in graph.node if node.op_type == "Conv"]
    assert convolutions
    for conv in convolutions:
        activation, weight = (made_by[name] for name in conv.input[:2])
        assert (activation.op_type, weight.op_type) == ("DequantizeLinear", "DequantizeLinear")
        assert constants[activation.input[1]].shape == ()
        assert constants[weight.input[0]].dtype == np.int8
        assert constants[weight.input[1]].shape == constants[weight.input[0]].shape[:1]
        assert all(constants[bias].dtype == np.float32 for bias in conv.input[2:])
    quantised = {made_by[name].input[0] for conv in convolutions for name in conv.input[:1]}
    assert len([node for node in graph.node if node.op_type == "QuantizeLinear"]) == len(quantised)


def test_an_excluded_convolution_reads_and_computes_floats(source: ExportSource, images_rgb: ImageArray) -> None:
    names = [node.name for node in source.graph.graph.node if node.op_type == "Conv"]
    graph = TensorRtExporter().convert(source, "int8", images_rgb, (names[0], names[-1])).graph
    made_by = {name: node.op_type for node in graph.node for name in node.output}
    stored = {tensor.name for tensor in graph.initializer}
    for conv in (node for node in graph.node if node.op_type == "Conv"):
        in_floats = made_by.get(conv.input[0]) != "DequantizeLinear" and conv.input[1] in stored
        assert in_floats == (conv.name in {names[0], names[-1]})


def test_a_handful_of_people_is_not_enough(source: ExportSource, images_rgb: ImageArray) -> None:
    with pytest.raises(ExportError, match=r"at least 16 people, .* found 15; give more data"):
        TensorRtExporter().convert(source, "int8", images_rgb[:15])


def test_an_unsigned_zero_point_is_no_export() -> None:
    tensorrt_or_skip()
    with pytest.raises(ExportError, match=r"^no TensorRT file was made: [^\n]*UINT8 zero_point"):
        prove(tiny_quantised(np.uint8(0)), "the int8 graph")


def test_without_tensorrt_the_file_is_made_and_said_to_be_unproven(
    source: ExportSource, images_rgb: ImageArray, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def absent(flavours: tuple[str, ...]) -> None:
        raise MissingExtraError(flavours[0], flavours[0])

    tensorrt_or_skip()
    assert "built an engine of each here, for proof" in (TensorRtExporter().note(tmp_path, ran=False) or "")
    monkeypatch.setattr(exporter_module, "load_tensorrt", absent)
    assert TensorRtExporter().convert(source, "fp32", images_rgb)
    note = TensorRtExporter().note(tmp_path / "net-fp32.trt.onnx", ran=False) or ""
    assert "no engine was built of them here" in note
    assert "--device my-rtx.toml;" in (TensorRtExporter().note(tmp_path, ran=False, device="my-rtx.toml") or "")
    assert f"copy {tmp_path} there and run edgepose profile FILE.trt.onnx --device jetson-orin-nano" in note


def test_a_decode_at_the_end_stays_in_floats(source: ExportSource, images_rgb: ImageArray) -> None:
    decoding = ExportSource(source.deployed, source.graph, HeatmapDecoder(PPNET.codec()))
    graph = TensorRtExporter().convert(decoding, "fp16", images_rgb).graph
    (keypoints,) = graph.output
    assert keypoints.name == "keypoints"
    assert keypoints.type.tensor_type.elem_type == TensorProto.FLOAT
    stored = {tensor.name: tensor.data_type for tensor in graph.initializer}
    decode = [name for node in graph.node if node.name.startswith("decode/") for name in node.input]
    assert not [name for name in decode if stored.get(name) == TensorProto.FLOAT16]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "precision"),
    [
        ("repose-lsp-128", "int8"),
        *(pytest.param("repose-lsp-128", precision, marks=pytest.mark.long) for precision in ("fp32", "fp16")),
        *(pytest.param("ppnet-lsp-128", precision, marks=pytest.mark.long) for precision in PRECISIONS),
    ],
)
def test_tensorrt_rtx_builds_the_models_that_ship(name: str, precision: str) -> None:
    checkpoint = load_checkpoint(resolve_checkpoint(name))
    width, height = checkpoint.spec.input_wh
    deployed = DeployNetwork(checkpoint.build()).eval()
    images = np.random.default_rng(0).integers(0, 256, (16, height, width, 3), np.uint8)
    shipped = ExportSource(deployed, to_onnx(deployed, (width, height)))
    graph = TensorRtExporter().convert(shipped, precision, images)
    engine = build_engine(tensorrt_or_skip(), graph.SerializeToString(), name)
    # 13 MB of weights in fp32 and less in the others, beside the code for six generations of GPUs
    assert len(engine) < 16e6
