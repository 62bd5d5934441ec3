"""Simple Pose: the size of its paper, maps at every scale in training, and only the live path deployed."""

import re
from typing import Any

import onnx
import pytest
import torch
from torch import Tensor, nn

from edgepose.export.graphs.graph import traced
from edgepose.profiles.errors import EdgeposeError
from edgepose.runtime.body_parts import SIMPLE_POSE, SIMPLE_POSE_TREE
from edgepose.runtime.codecs.body_part import BodyPartCodec
from edgepose.runtime.skeleton import COCO_17, LSP_14, SIMPLE_POSE_18
from edgepose.train.networks import DeployNetwork, NetworkSpec
from edgepose.train.networks.architectures import architecture_of
from edgepose.train.networks.describe import describe
from edgepose.train.networks.simplepose import SimplePose
from support.compiling import check_compiles

SMALL = {"width": 16, "step": 8, "stages": 2}
ABLATIONS = [{}, {"redundant_limbs": "no"}, {"squeeze_excitation": "no"}, {"identity_mappings": "no"}]


def small_simplepose(**settings: Any) -> SimplePose:
    network = NetworkSpec("simplepose", SIMPLE_POSE_18, (64, 64), SMALL | settings).build()
    assert isinstance(network, SimplePose)
    return network


@pytest.mark.parametrize(("stages", "millions"), [("3", 170.2), ("4", 227.1)])
def test_it_has_the_parameters_of_its_paper(stages: str, millions: float) -> None:
    figures = describe(NetworkSpec.of_paper("simplepose", {"stages": stages}))
    assert round(figures.params / 1e6, 1) == millions
    assert (figures.spec.skeleton, figures.spec.input_wh) == (SIMPLE_POSE_18, (512, 512))


@torch.no_grad()
def test_what_is_compiled_is_what_training_calls() -> None:
    torch.manual_seed(0)
    network, images = small_simplepose(stages=1, order=1).eval(), torch.randn(1, 3, 64, 64)
    check_compiles(network, lambda: network.every_scale(images))


def test_the_edge_preset_is_a_few_million_parameters_of_the_same_network() -> None:
    figures = describe(NetworkSpec.of_paper("simplepose-edge"))
    assert 2e6 < figures.params < 5e6
    assert figures.macs < 2e9
    assert figures.spec.input_wh == (256, 256)
    wider = describe(NetworkSpec.of_paper("simplepose-edge", {"width": "64", "step": "32"}))
    assert wider.params > figures.params


def test_the_maps_are_those_of_its_codec() -> None:
    codec = NetworkSpec.of_paper("simplepose").codec()
    assert codec == BodyPartCodec((512, 512), (128, 128), SIMPLE_POSE, 9.0, 7.0)
    assert (codec.output, codec.maps_of(SIMPLE_POSE_18)) == ("maps", 50)
    assert NetworkSpec.of_paper("simplepose", input_wh=(384, 384)).codec() == BodyPartCodec((384, 384), (96, 96))
    assert NetworkSpec.of_paper("simplepose-edge").codec() == BodyPartCodec(
        (256, 256), (64, 64), SIMPLE_POSE, 6.0, 7 * (256 / 384)
    )
    tree = NetworkSpec.of_paper("simplepose", {"redundant-limbs": "no"}).codec()
    assert isinstance(tree, BodyPartCodec)
    assert tree.parts is SIMPLE_POSE_TREE
    with pytest.raises(EdgeposeError, match="body parts are of simplepose-18; found lsp-14"):
        tree.maps_of(LSP_14)


@pytest.mark.parametrize("settings", [*ABLATIONS, {"order": 3}, {"stages": 1}], ids=str)
@torch.no_grad()
def test_every_variant_gives_every_scale_in_training_and_the_finest_deployed(settings: dict[str, Any]) -> None:
    network, images = small_simplepose(**settings).eval(), torch.zeros(2, 3, 128, 64)
    scales, finest = network.every_scale(images), network(images)
    maps = network.config.parts.maps
    order, stages = network.config.order, network.config.stages
    assert maps == (41 if settings.get("redundant_limbs") == "no" else 50)
    assert [[tuple(m.shape) for m in stage] for stage in scales] == [
        [(2, maps, 32 >> i, 16 >> i) for i in range(order + 1)]
    ] * stages
    assert [tuple(m.shape) for m in finest] == [(2, maps, 32, 16)] * stages


@torch.no_grad()
def test_both_ways_give_the_same_finest_maps() -> None:
    torch.manual_seed(0)
    network = small_simplepose().eval()
    images = torch.randn(2, 3, 64, 64)
    scales = network.every_scale(images)
    for alone, (among_others, *_) in zip(network(images), scales, strict=True):
        torch.testing.assert_close(alone, among_others, rtol=0, atol=1e-6)


@pytest.mark.parametrize("settings", ABLATIONS, ids=str)
def test_all_weights_learn(settings: dict[str, Any]) -> None:
    torch.manual_seed(0)
    network = small_simplepose(**settings)
    scales = network.every_scale(torch.randn(2, 3, 64, 64))
    torch.stack([maps.square().mean() for stage in scales for maps in stage]).sum().backward()
    without = [name for name, p in network.named_parameters() if p.grad is None or not p.grad.isfinite().all()]
    assert without == []


def test_each_ablation_takes_away_what_it_says() -> None:
    sizes = [sum(p.numel() for p in small_simplepose(**settings).parameters()) for settings in ABLATIONS]
    assert all(size < sizes[0] for size in sizes[1:])

    def kinds(**settings: Any) -> list[str]:
        return [type(m).__name__ for m in small_simplepose(**settings).modules()]

    assert "SqueezeExcitation" in kinds()
    assert "SqueezeExcitation" not in kinds(squeeze_excitation="no")


def weights_of(graph: onnx.ModelProto) -> set[str]:
    return {tensor.name for tensor in graph.graph.initializer}


@pytest.mark.slow
def test_the_exported_graph_has_nothing_of_the_other_scales() -> None:
    torch.manual_seed(0)
    network = small_simplepose(order=2).eval()
    randomise_norms(network)
    graph = traced(DeployNetwork(network), torch.zeros((1, 64, 64, 3), dtype=torch.uint8), "image", "maps")
    names = {name for node in graph.graph.node for name in node.input}
    assert weights_of(graph) <= names
    heads = {name.split("heads.")[1][0] for name in weights_of(graph) if "heads." in name}
    assert heads == {"0"}
    convolutions = sum(node.op_type == "Conv" for node in graph.graph.node)
    assert convolutions == sum(isinstance(m, nn.Conv2d) for n, m in network.named_modules() if is_live(n))


def is_live(name: str) -> bool:
    return "heads." not in name or "heads.0." in name


def randomise_norms(network: nn.Module) -> None:
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            mean, var = module.running_mean, module.running_var
            assert isinstance(mean, Tensor)
            assert isinstance(var, Tensor)
            mean.normal_(std=0.1)
            var.uniform_(0.5, 1.5)


def test_data_of_any_skeleton_is_learned_as_its_own() -> None:
    assert architecture_of("simplepose-edge").skeleton_for(COCO_17) is SIMPLE_POSE_18
    assert architecture_of("pbn").skeleton_for(COCO_17) is COCO_17


@pytest.mark.parametrize(
    ("settings", "input_wh", "message"),
    [
        ({"stages": "0"}, None, "stages is a number of 1 or more; found 0"),
        ({"order": "5"}, None, "order is a number from 1 to 4; found 5"),
        ({"width": "50"}, None, "width is a multiple of 4; found 50"),
        ({"redundant-limbs": "some"}, None, "redundant-limbs is one of yes, no; found 'some'"),
        ({"depth": "1"}, None, "this network has stages, width, step, order, redundant-limbs, squeeze-excitation, id"),
        ({}, (256, 250), "Simple Pose's input is a multiple of 64; found 256x250"),
    ],
)
def test_what_no_simplepose_is_is_one_clear_line(
    settings: dict[str, str], input_wh: tuple[int, int] | None, message: str
) -> None:
    with pytest.raises(EdgeposeError, match=re.escape(message)) as caught:
        NetworkSpec.of_paper("simplepose", settings, input_wh=input_wh).build()
    assert "\n" not in str(caught.value)


def test_another_skeleton_is_one_clear_line() -> None:
    with pytest.raises(EdgeposeError, match="Simple Pose's limbs are those of simplepose-18; found coco-17; data"):
        NetworkSpec.of_paper("simplepose", skeleton=COCO_17).build()
