"""Int8 ONNX files run on integer kernels throughout, and stay close to the network."""

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import ModelProto, TensorProto, numpy_helper

from edgepose.export.errors import ExportError
from edgepose.export.formats import ExportSource
from edgepose.export.graphs.graph import to_onnx
from edgepose.export.quantise.onnx import quantise_onnx
from edgepose.runtime.skeleton import LSP_14
from edgepose.train.networks import NetworkSpec
from support.maps import check_maps
from support.settled import CROPS, settled

Images = np.ndarray[Any, Any]
LAYER = "stacks.0.entry.1.0"


@pytest.fixture(scope="module")
def images_rgb() -> Images:
    return CROPS


@pytest.fixture(params=["ppnet", "repose"])
def graph(request: pytest.FixtureRequest) -> ModelProto:
    source: ExportSource = request.getfixturevalue(f"settled_{request.param}")
    return source.graph


@pytest.fixture
def repose(settled_repose: ExportSource) -> ModelProto:
    return settled_repose.graph


def optimised(graph: ModelProto, folder: Path) -> Counter[str]:
    """Return how often each operator is in what ONNX Runtime runs."""
    options = onnxruntime.SessionOptions()
    options.optimized_model_filepath = str(folder / "optimised.onnx")
    options.log_severity_level = 3
    onnxruntime.InferenceSession(graph.SerializeToString(), options, providers=["CPUExecutionProvider"])
    return Counter(node.op_type for node in onnx.load(folder / "optimised.onnx").graph.node)


def heatmaps(graph: ModelProto, image_rgb: Images) -> Images:
    session = onnxruntime.InferenceSession(graph.SerializeToString(), providers=["CPUExecutionProvider"])
    result: Images = session.run(None, {"image": image_rgb})[0]
    return result


def test_every_convolution_and_sum_runs_on_integers(graph: ModelProto, images_rgb: Images, tmp_path: Path) -> None:
    before = Counter(node.op_type for node in graph.graph.node)
    after = optimised(quantise_onnx(graph, images_rgb), tmp_path)
    assert after["QLinearConv"] == before["Conv"]
    assert after["QLinearAdd"] == before["Add"]
    assert not {"Conv", "FusedConv", "Add", "Relu", "Mul", "BatchNormalization"} & set(after)
    # the picture becomes integers once, the maps real numbers once
    assert (after["QuantizeLinear"], after["DequantizeLinear"]) == (1, 1)


def test_weights_are_int8_per_channel_and_activations_uint8(repose: ModelProto, images_rgb: Images) -> None:
    quantised = quantise_onnx(repose, images_rgb)
    constants = {each.name: each for each in quantised.graph.initializer}
    for node in quantised.graph.node:
        if node.op_type == "QuantizeLinear":
            assert constants[node.input[2]].data_type == TensorProto.UINT8
    weight = constants[f"{LAYER}.weight_int"]
    assert weight.data_type == TensorProto.INT8
    assert list(constants[f"{LAYER}.weight_scale"].dims) == [weight.dims[0]]
    assert np.abs(numpy_helper.to_array(weight).astype(int)).max() == 127


def test_the_maps_stay_close(graph: ModelProto, images_rgb: Images) -> None:
    found = heatmaps(quantise_onnx(graph, images_rgb), images_rgb[:1])
    check_maps(found, heatmaps(graph, images_rgb[:1]), "onnx", "int8")


def test_an_excluded_layer_and_its_input_stay_in_floating_point(
    repose: ModelProto, images_rgb: Images, tmp_path: Path
) -> None:
    quantised = quantise_onnx(repose, images_rgb, (LAYER,))
    layer = next(node for node in quantised.graph.node if node.name == LAYER)
    weight = next(each for each in quantised.graph.initializer if each.name == layer.input[1])
    assert weight.data_type == TensorProto.FLOAT
    assert (
        optimised(quantised, tmp_path)["QLinearConv"]
        < optimised(quantise_onnx(repose, images_rgb), tmp_path)["QLinearConv"]
    )


@pytest.mark.slow
def test_a_kernel_of_each_images_own_stays_in_floating_point(images_rgb: Images, tmp_path: Path) -> None:
    spec = NetworkSpec.of_paper("pil", {}, LSP_14, (64, 64))
    pil = to_onnx(settled(spec, images_rgb[:4]), spec.input_wh)
    quantised = quantise_onnx(pil, images_rgb)
    convolutions = Counter(node.op_type for node in pil.graph.node)["Conv"]
    assert convolutions - 5 < optimised(quantised, tmp_path)["QLinearConv"] < convolutions
    check_maps(heatmaps(quantised, images_rgb[:1]), heatmaps(pil, images_rgb[:1]), "onnx", "int8")


def test_two_people_are_too_few(repose: ModelProto, images_rgb: Images) -> None:
    with pytest.raises(ExportError, match=r"int8 needs at least 16 people, .* found 2"):
        quantise_onnx(repose, images_rgb[:2])
