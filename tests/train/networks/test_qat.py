"""Quantisation-aware training computes what int8 computes, learns through it, and is a training run like any other."""

import signal
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_weights

from edgepose.profiles.errors import EdgeposeError
from edgepose.runtime.skeleton import LSP_14
from edgepose.train.checkpoints.checkpoint import Checkpoint, CheckpointError, load_checkpoint, save_checkpoint
from edgepose.train.data import WeightedDataset
from edgepose.train.errors import TrainingError
from edgepose.train.loop.trainer import Trainer
from edgepose.train.networks import NetworkSpec
from edgepose.train.networks.qat import (
    FrozenBatchNorm2d,
    QuantisedConv2d,
    quantise_layers,
    rounded_input,
    rounded_weight,
)
from edgepose.train.recipe import Recipe
from edgepose.train.runs.named_recipes import named_recipe
from support.dot_dataset import DotDataset

SPEC = NetworkSpec.of_paper("ppnet-m1-d1-w8", {"stem": "8"}, LSP_14, (32, 32))
RECIPE = Recipe(epochs=2, batch=4, warmup_steps=0, learning_rate=1e-4, precision="fp32", qat=True)


def convolution(groups: int = 1) -> nn.Conv2d:
    torch.manual_seed(0)
    return nn.Conv2d(8, 6, 3, stride=2, padding=1, groups=groups)


def int8_of_the_engine(layer: nn.Conv2d, x: Tensor, low: float, high: float) -> Tensor:
    """Return what ONNX Runtime makes of it with bytes and whole-number sums, and nothing else."""
    step = (high - low) / 255
    weight_steps = layer.weight.detach().abs().amax((1, 2, 3)) / 127
    weight_bytes = (layer.weight.detach() / weight_steps.view(-1, 1, 1, 1)).round().numpy().astype(np.int8)
    constants = {"step": np.float32(step), "zero": np.uint8(round(-low / step)), "weight": weight_bytes}
    nodes = [
        helper.make_node("QuantizeLinear", ["x", "step", "zero"], ["bytes"]),
        helper.make_node(
            "ConvInteger",
            ["bytes", "weight", "zero"],
            ["sums"],
            strides=layer.stride,
            pads=[1, 1, 1, 1],
            group=layer.groups,
        ),
    ]
    graph = helper.make_graph(
        nodes,
        "convolution",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, x.shape)],
        [helper.make_tensor_value_info("sums", TensorProto.INT32, None)],
        [numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=10)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    sums = torch.from_numpy(session.run(None, {"x": x.numpy()})[0]).float()
    assert layer.bias is not None
    return sums * (step * weight_steps).view(-1, 1, 1) + layer.bias.detach().view(-1, 1, 1)


@pytest.mark.parametrize("groups", [1, 2])
def test_a_layer_computes_what_the_engine_computes_in_whole_numbers(groups: int) -> None:
    # bytes up to 127: sums of two products stay in 16 bits, which is what processors without VNNI have room for
    layer, x, (low, high) = convolution(groups), torch.rand(2, 8, 9, 9) * 2 - 1, (-1.0, 3.0)
    quantised = QuantisedConv2d.of(layer).eval()
    quantised.input_range.copy_(torch.tensor([low, high]))
    with torch.no_grad():
        found, exact = quantised(x), layer(x)
    torch.testing.assert_close(found, int8_of_the_engine(layer, x, low, high), rtol=1e-5, atol=1e-5)
    assert (found - exact).abs().max() > 1e-3


def test_values_outside_the_range_are_clipped_and_zero_stays_zero() -> None:
    x = torch.tensor([-9.0, -0.3, 0.0, 0.1, 0.7, 9.0])
    found = rounded_input(x, torch.tensor([-0.3, 0.7]))
    assert found.min() >= -0.3 - 1 / 255
    assert found.max() <= 0.7 + 1 / 255
    assert found[2] == 0
    assert (found[1:5] - x[1:5]).abs().max() <= 0.5 / 255 + 1e-6


def test_gradients_pass_the_rounding_and_stop_at_the_clipping() -> None:
    x = torch.tensor([-9.0, -0.2, 0.0, 0.5, 9.0], requires_grad=True)
    rounded_input(x, torch.tensor([-0.3, 0.7])).sum().backward()  # type: ignore[no-untyped-call]
    assert x.grad is not None
    assert x.grad.tolist() == [0, 1, 1, 1, 0]
    layer = QuantisedConv2d.of(convolution())
    image = torch.rand(2, 8, 9, 9)
    layer(image).square().sum().backward()
    plain = convolution()
    plain(image).square().sum().backward()
    assert layer.weight.grad is not None
    assert plain.weight.grad is not None
    torch.testing.assert_close(layer.weight.grad, plain.weight.grad, rtol=0.05, atol=0.5)


def test_rounding_before_or_after_a_batch_norm_is_folded_in_is_the_same() -> None:
    weight = convolution().weight.detach()
    gamma = torch.tensor([1.0, -2.0, 0.01, 50.0, -0.3, 7.0])
    rest = {"bn_rm": torch.zeros(6), "bn_rv": torch.rand(6) + 0.5, "bn_eps": 1e-5, "bn_b": torch.zeros(6)}
    folded, _ = fuse_conv_bn_weights(weight, None, bn_w=gamma, **rest)
    rounded_then_folded, _ = fuse_conv_bn_weights(rounded_weight(weight), None, bn_w=gamma, **rest)
    torch.testing.assert_close(rounded_then_folded, rounded_weight(folded.detach()), rtol=1e-5, atol=1e-6)


def test_the_range_widens_at_once_and_narrows_slowly() -> None:
    layer = QuantisedConv2d.of(convolution())
    wide, narrow = torch.rand(1, 8, 9, 9) * 8 - 2, torch.rand(1, 8, 9, 9)
    layer(wide)
    assert layer.input_range.tolist() == [wide.min(), wide.max()]
    layer(narrow)
    assert wide.min() < layer.input_range[0] < 0.95 * wide.min()
    assert 0.95 * wide.max() < layer.input_range[1] < wide.max()
    before = layer.input_range.clone()
    layer.eval()(wide * 5)
    assert torch.equal(layer.input_range, before)


def test_weights_keep_their_names_and_statistics_stay() -> None:
    network = SPEC.build()
    names, parameters = set(network.state_dict()), dict(network.named_parameters())
    quantise_layers(network)
    added = set(network.state_dict()) - names
    assert {name.rpartition(".")[2] for name in added} == {"input_range"}
    assert names <= set(network.state_dict())
    assert all(parameter is parameters[name] for name, parameter in network.named_parameters())
    assert not [m for m in network.modules() if type(m) in (nn.Conv2d, nn.BatchNorm2d)]
    assert any(isinstance(m, FrozenBatchNorm2d) for m in network.modules())
    statistics = {name: value.clone() for name, value in network.state_dict().items() if "running" in name}
    network.train()(torch.rand(2, 3, 32, 32))
    assert all(torch.equal(network.state_dict()[name], value) for name, value in statistics.items())


def test_a_network_without_convolutions_is_an_error() -> None:
    with pytest.raises(EdgeposeError, match="no convolution"):
        quantise_layers(nn.Sequential(nn.Linear(2, 2)))


def test_its_recipe_takes_small_steps_unless_told_otherwise() -> None:
    whole, fine = named_recipe("modern", SPEC), named_recipe("modern", SPEC, qat=True)
    assert (fine.qat, fine.precision, fine.learning_rate) == (True, "fp32", whole.learning_rate / 10)
    assert (fine.epochs, fine.warmup_steps) == (5, 20)
    assert named_recipe("paper", SPEC, qat=True, learning_rate=1.0, epochs=9).epochs == 9


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Checkpoint:
    out = tmp_path_factory.mktemp("float")
    plain = replace(RECIPE, qat=False, learning_rate=1e-3)
    return Trainer(SPEC, plain, [WeightedDataset(DotDataset(12), 1.0)], out, workers=0).run()


def trainer(out: Path, start_from: Checkpoint, recipe: Recipe = RECIPE, *observers: "Interrupt") -> Trainer:
    mix = [WeightedDataset(DotDataset(12), 1.0)]
    return Trainer(SPEC, recipe, mix, out, start_from=start_from, workers=0, observers=observers)


def test_goes_on_from_the_same_network_only(trained: Checkpoint, tmp_path: Path) -> None:
    narrower = NetworkSpec.of_paper("ppnet-m1-d1-w4", {"stem": "8"}, LSP_14, (32, 32))
    mix = [WeightedDataset(DotDataset(12), 1.0)]
    with pytest.raises(TrainingError, match="the very same network; this starts from"):
        Trainer(narrower, RECIPE, mix, tmp_path, start_from=trained, workers=0)


class Interrupt:
    """Presses Ctrl-C before a step."""

    def __init__(self, at: int) -> None:
        self._at = at

    def on_step(self, step: int, _total_steps: int, _loss: float) -> None:
        if step == self._at:
            signal.raise_signal(signal.SIGINT)

    def on_epoch(self, *_: object) -> None:
        pass


def test_resuming_gives_the_numbers_of_an_uninterrupted_run(tmp_path: Path, trained: Checkpoint) -> None:
    expected = trainer(tmp_path / "whole", trained).run()
    with pytest.raises(KeyboardInterrupt):
        trainer(tmp_path / "cut", trained, RECIPE, Interrupt(at=4)).run()
    resumed = trainer(tmp_path / "cut", trained)
    resumed.resume()
    found = resumed.run()
    assert all(torch.equal(found.weights[name], tensor) for name, tensor in expected.weights.items())
    ranges = [tensor for name, tensor in found.weights.items() if name.endswith("input_range")]
    assert ranges
    assert all(low <= 0 < high for low, high in ranges)


def test_the_checkpoint_is_one_like_any_other(tmp_path: Path, trained: Checkpoint) -> None:
    made = trainer(tmp_path, trained).run()
    path = tmp_path / "shipped.safetensors"
    save_checkpoint(path, replace(made, state={}))
    read = load_checkpoint(path)
    assert read.training["recipe"]["qat"] is True
    network = read.build()
    assert {type(m) for m in network.modules() if isinstance(m, nn.Conv2d)} == {nn.Conv2d}
    weight = network.get_parameter("stem.0.0.weight").detach()
    assert torch.equal(weight, rounded_weight(made.weights["stem.0.0.weight"]))
    torch.testing.assert_close(rounded_weight(weight), weight, rtol=1e-6, atol=1e-7)
    trainer(tmp_path / "again", read, replace(RECIPE, qat=False)).run()


def test_it_computes_again_as_it_was_trained(tmp_path: Path, trained: Checkpoint) -> None:
    run = trainer(tmp_path, trained)
    run.run()
    images = torch.rand(2, 3, *SPEC.input_wh[::-1])
    read = load_checkpoint(tmp_path / "last.safetensors")
    with torch.no_grad():
        expected = run.state.average.network.eval()(images)[-1]
        again, plain = (network(images)[-1] for network in (read.build_as_trained(), read.build()))
    assert (again - expected).abs().max() < 0.1 * (plain - expected).abs().max()


def test_neither_kind_of_run_is_resumed_as_the_other(tmp_path: Path, trained: Checkpoint) -> None:
    trainer(tmp_path, trained).run()
    with pytest.raises(CheckpointError, match=r"another recipe: qat True; give the same"):
        trainer(tmp_path, trained, replace(RECIPE, qat=False)).resume()
    trainer(tmp_path / "plain", trained, replace(RECIPE, qat=False)).run()
    with pytest.raises(CheckpointError, match=r"another recipe: qat False"):
        trainer(tmp_path / "plain", trained).resume()
