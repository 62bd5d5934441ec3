"""TFLite files: delegated whole, integer inside, with their card at their end."""

import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.interpreter import Interpreter
from torch import Tensor, nn
from torch.nn.functional import interpolate

from edgepose.export.errors import ExportError
from edgepose.export.formats import TARGETS, ExportSource
from edgepose.export.formats.tflite_makers import with_makers
from edgepose.export.graphs.decode import HeatmapDecoder
from edgepose.export.graphs.graph import to_onnx
from edgepose.runtime.arrays import ImageArray
from edgepose.runtime.model_files.card import TFLITE_CARD_MEMBER, ModelCard
from edgepose.train.checkpoints.card import card_of_checkpoint
from edgepose.train.checkpoints.checkpoint import Checkpoint
from edgepose.train.networks import DeployNetwork, NetworkSpec
from edgepose.train.networks.pil import DynamicDepthwise
from edgepose.train.networks.repose import block
from support.settled import CROPS
from support.trained import PPNET
from support.xnnpack import partitions_of

TFLITE = TARGETS["tflite"]


@pytest.fixture
def ppnet(settled_ppnet: ExportSource) -> ExportSource:
    return settled_ppnet


@pytest.fixture
def repose(settled_repose: ExportSource) -> ExportSource:
    return settled_repose


@pytest.fixture(params=["ppnet", pytest.param("repose", marks=pytest.mark.slow)])  # litert-torch takes long for it
def source(request: pytest.FixtureRequest) -> ExportSource:
    found: ExportSource = request.getfixturevalue(request.param)
    return found


def run(flatbuffer: bytes, crops: ImageArray = CROPS) -> Mapping[str, np.ndarray[Any, Any]]:
    runner = Interpreter(model_content=flatbuffer, num_threads=1).get_signature_runner()
    outputs: Mapping[str, np.ndarray[Any, Any]] = runner(image=crops[:1])
    return outputs


@torch.no_grad()
def in_torch(source: ExportSource, crops: ImageArray = CROPS) -> np.ndarray[Any, Any]:
    maps: np.ndarray[Any, Any] = source.deployed(torch.from_numpy(crops[:1])).numpy()
    return maps


@pytest.mark.parametrize("precision", TFLITE.precisions)
def test_all_of_a_network_is_one_partition(source: ExportSource, precision: str) -> None:
    assert partitions_of(TFLITE.convert(source, precision, CROPS)) == (1, [])


class Pyramid(nn.Module):
    """A network with nearest-neighbour upsampling that is not rewritten for TFLite."""

    def __init__(self) -> None:
        super().__init__()
        self.fine, self.coarse = nn.Conv2d(3, 8, 3, 2, 1), nn.Conv2d(8, 8, 3, 2, 1)

    def forward(self, image: Tensor) -> Tensor:
        fine = self.fine(image.permute(0, 3, 1, 2))
        return fine + interpolate(self.coarse(fine), scale_factor=2.0)


def converted(module: nn.Module) -> bytes:
    import litert_torch  # noqa: PLC0415  its import writes to the terminal

    return bytes(litert_torch.convert(module.eval(), (torch.zeros(1, 16, 16, 3),)).model_content())


@pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::DeprecationWarning", "ignore::UserWarning")
def test_plain_nearest_neighbour_upsampling_would_split_the_graph() -> None:
    assert partitions_of(converted(Pyramid())) == (2, ["RESIZE_NEAREST_NEIGHBOR"])


def test_fp32_gives_the_maps_of_torch_by_name(source: ExportSource) -> None:
    outputs, expected = run(TFLITE.convert(source, "fp32", CROPS)), in_torch(source)
    assert list(outputs) == ["heatmaps"]
    assert np.abs(outputs["heatmaps"] - expected).max() <= 1e-4 * np.abs(expected).max()


class UnevenPyramid(nn.Module):
    """A network whose branches have sides of 11, 6 and 2, and 9, 5 and 2 cells."""

    def __init__(self) -> None:
        super().__init__()
        self.stem, self.medium = nn.Conv2d(3, 8, 3, 4, 1), nn.Conv2d(8, 8, 3, 2, 1)
        self.coarse, self.leave = nn.Conv2d(8, 8, 3, 3, 1), nn.Conv2d(8, 4, 1)

    def forward(self, image: Tensor) -> list[Tensor]:
        fine = self.stem(image)
        medium = self.medium(fine)
        size = fine.shape[2:]
        above = interpolate(medium, size=size) + interpolate(self.coarse(medium), size=size)
        return [self.leave(torch.relu(fine + above))]


UNEVEN_CROPS = CROPS[:, :36, :44]


@pytest.fixture(scope="module")
def uneven() -> ExportSource:
    torch.manual_seed(1)
    deployed = DeployNetwork(UnevenPyramid()).eval()
    return ExportSource(deployed, to_onnx(deployed, (44, 36)))


@pytest.mark.parametrize("precision", ["fp32", "int8"])
def test_upsampling_by_factors_that_are_not_whole_reads_torchs_pixels(uneven: ExportSource, precision: str) -> None:
    found = run(TFLITE.convert(uneven, precision, UNEVEN_CROPS), UNEVEN_CROPS)["heatmaps"]
    expected = in_torch(uneven, UNEVEN_CROPS)
    limit = 1e-4 if precision == "fp32" else 0.05
    assert np.abs(found - expected).max() <= limit * np.abs(expected).max()


def tensors_of_convolutions(flatbuffer: bytes) -> dict[str, list[Any]]:
    """Return the input, the weight and the output of each convolution, by the name of its output."""
    model = schema.ModelT.InitFromPackedBuf(flatbuffer, 0)
    graph = model.subgraphs[0]
    found = {}
    for operator in graph.operators:
        code = model.operatorCodes[operator.opcodeIndex].builtinCode
        if code == schema.BuiltinOperator.CONV_2D:
            tensors = [graph.tensors[i] for i in (*operator.inputs[:2], operator.outputs[0])]
            found[tensors[2].name.decode()] = tensors
    return found


def types_of(flatbuffer: bytes) -> list[tuple[int, ...]]:
    return [tuple(t.type for t in tensors) for tensors in tensors_of_convolutions(flatbuffer).values()]


def test_int8_is_integer_from_the_first_convolution_to_the_last(source: ExportSource) -> None:
    int8 = TFLITE.convert(source, "int8", CROPS)
    assert set(types_of(int8)) == {(schema.TensorType.INT8,) * 3}
    engine = Interpreter(model_content=int8)
    assert [d["dtype"] for d in (*engine.get_input_details(), *engine.get_output_details())] == [np.uint8, np.float32]
    assert run(int8)["heatmaps"].shape == in_torch(source).shape


def test_weights_of_int8_have_a_scale_for_each_channel(ppnet: ExportSource) -> None:
    for _, weight, _ in tensors_of_convolutions(TFLITE.convert(ppnet, "int8", CROPS)).values():
        assert len(weight.quantization.scale) == weight.shape[0]
        assert not np.any(weight.quantization.zeroPoint)


def test_int8_covers_the_highest_peak_of_the_calibration(ppnet: ExportSource) -> None:
    int8 = TFLITE.convert(ppnet, "int8", CROPS)
    with torch.no_grad():
        highest = ppnet.deployed(torch.from_numpy(CROPS)).amax().item()
    scales = [d["quantization_parameters"] for d in Interpreter(model_content=int8).get_tensor_details()]
    last = list(tensors_of_convolutions(int8).values())[-1][2].quantization
    assert scales
    assert (127 - last.zeroPoint[0]) * last.scale[0] >= highest * 0.999


@pytest.mark.parametrize("precision", ["int8", "dynamic-int8"])
@pytest.mark.parametrize(
    ("name", "layer"),
    [
        ("ppnet", "stem.2.layers.1.0"),
        pytest.param("repose", "stacks.0.core.updates.1.gather.0", marks=pytest.mark.slow),
    ],
)
def test_excluded_layers_alone_stay_in_floating_point(
    request: pytest.FixtureRequest, name: str, layer: str, precision: str
) -> None:
    source = request.getfixturevalue(name)
    counts = [
        sum(
            weight != schema.TensorType.INT8 for _, weight, _ in types_of(TFLITE.convert(source, precision, CROPS, out))
        )
        for out in ((), (layer,))
    ]
    if precision == "int8":  # what makes its input is spared with it
        assert counts[0] < counts[1] <= counts[0] + 16
    else:
        assert counts[1] == counts[0] + 1


def test_every_convolution_of_a_network_can_be_excluded(source: ExportSource) -> None:
    network = source.deployed.network
    layers = tuple(name for name, module in network.named_modules() if isinstance(module, nn.Conv2d))
    types = types_of(TFLITE.convert(source, "int8", CROPS, layers))
    quantised = [weight for _, weight, _ in types if weight == schema.TensorType.INT8]
    # what normalises the image, and what writes the updates of RePose's keypoints, is no module of the network
    updates = sum(name.endswith(".gather_norm") for name, _ in network.named_modules())
    assert len(quantised) <= 1 + updates


class UnevenFactors(nn.Module):
    """A batch norm after a ReLU whose factors, of either sign, are as different as what comes to them."""

    def __init__(self) -> None:
        super().__init__()
        first, last = block(3, 2, 3, 16), nn.Conv2d(16, 4, 1)
        convolution, _, norm = first
        assert isinstance(convolution, nn.Conv2d)
        assert isinstance(norm, nn.BatchNorm2d)
        factors = torch.logspace(-1.5, 1, 16) * torch.tensor([1.0, -1.0]).repeat(8)
        with torch.no_grad():
            norm.weight.copy_(factors)
            convolution.weight.div_(factors.abs().view(-1, 1, 1, 1))
        self.layers = nn.Sequential(first, last)

    def forward(self, image: Tensor) -> list[Tensor]:
        return [self.layers(image)]


def test_int8_keeps_small_factors_of_a_batch_norm_after_a_relu() -> None:
    torch.manual_seed(0)
    deployed = DeployNetwork(UnevenFactors()).eval()
    uneven = ExportSource(deployed, to_onnx(deployed, PPNET.input_wh))
    exact = in_torch(uneven)
    error = run(TFLITE.convert(uneven, "int8", CROPS))["heatmaps"] - exact
    assert np.square(error).mean() < 0.05**2 * np.square(exact).mean()


class OwnKernels(nn.Module):
    """A network whose depthwise convolution has kernels that each image makes."""

    def __init__(self) -> None:
        super().__init__()
        self.features, self.kernels = nn.Conv2d(3, 8, 3, 2, 1), nn.Conv2d(8, 8, 6)
        self.depthwise, self.leave = DynamicDepthwise(), nn.Conv2d(8, 4, 1)

    def forward(self, image: Tensor) -> Tensor:
        features = self.features(image.permute(0, 3, 1, 2).to(torch.float32))
        return self.leave(self.depthwise(features, self.kernels(features)))  # type: ignore[no-any-return]


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::DeprecationWarning", "ignore::UserWarning")
def test_kernels_of_an_images_own_are_left_in_floating_point_with_what_makes_them() -> None:
    spared = with_makers(converted(OwnKernels()), [])
    for kind in ("DynamicDepthwise", "Conv2d_kernels"):
        assert any(kind in name for name in spared), spared
    assert not any("Conv2d_features" in name or "Conv2d_leave" in name for name in spared)
    assert with_makers(converted(Pyramid()), []) == []


def test_fp16_halves_the_weights(ppnet: ExportSource) -> None:
    half, exact = TFLITE.convert(ppnet, "fp16", CROPS), TFLITE.convert(ppnet, "fp32", CROPS)
    assert len(half) < 0.75 * len(exact)
    difference = np.abs(run(half)["heatmaps"] - run(exact)["heatmaps"]).max()
    assert 0 < difference <= 0.01 * np.abs(run(exact)["heatmaps"]).max()


@pytest.mark.slow
def test_the_decoder_stays_in_floating_point_and_nothing_is_written_to_the_terminal(
    ppnet: ExportSource, capfd: pytest.CaptureFixture[str]
) -> None:
    decoder = HeatmapDecoder(PPNET.codec()).eval()
    heatmaps = run(TFLITE.convert(ppnet, "int8", CROPS))["heatmaps"]
    capfd.readouterr()
    decoded = TFLITE.convert(ExportSource(ppnet.deployed, ppnet.graph, decoder), "int8", CROPS)
    assert capfd.readouterr() == ("", "")
    with torch.no_grad():
        expected = decoder(torch.from_numpy(heatmaps)).numpy()
    np.testing.assert_allclose(run(decoded)["keypoints"], expected, atol=1e-2)


def card_of(spec: NetworkSpec, source: ExportSource) -> ModelCard:
    weights = dict(source.deployed.network.state_dict())
    return card_of_checkpoint(Checkpoint(spec, spec.codec(), 1.25, weights, {}, [], {}), "small")


def test_any_unzip_finds_the_card(ppnet: ExportSource, tmp_path: Path) -> None:
    card = TFLITE.card(card_of(PPNET, ppnet), "fp32")
    path = TFLITE.save(TFLITE.convert(ppnet, "fp32", CROPS), tmp_path, card)
    with zipfile.ZipFile(path) as archive:
        assert ModelCard.from_json(archive.read(TFLITE_CARD_MEMBER).decode()) == card
    assert not [file for file in tmp_path.iterdir() if file.suffix not in (".tflite", ".json")]
    assert run(path.read_bytes())["heatmaps"].shape == card.outputs[0].shape


def test_too_few_people_to_calibrate_with_is_an_error(ppnet: ExportSource) -> None:
    with pytest.raises(ExportError, match="int8 needs at least 16 people"):
        TFLITE.convert(ppnet, "int8", CROPS[:3])
