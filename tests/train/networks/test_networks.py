"""Every variant can be built and gives the maps that its codec expects."""

import itertools
import re
from typing import Literal

import pytest
import torch
from torch import Tensor

from edgepose.profiles.errors import EdgeposeError
from edgepose.runtime.skeleton import COCO_17, LSP_14, MPII_16, SIMPLE_POSE_18, Skeleton
from edgepose.train.networks import DeployNetwork, NetworkSpec
from edgepose.train.networks.kinematics import KinematicGraph
from edgepose.train.networks.repose import KinematicCore, LevelUpdate, RePoseConfig

SKELETONS = [LSP_14, MPII_16, COCO_17]
REPOSE_VARIANTS = [
    {},
    *({"coarsest": size} for size in ("8", "16", "32")),
    *({"blocks": str(count)} for count in range(1, 6)),
    *({"update": rule} for rule in ("trainable", "add", "replace")),
    *({"head": head} for head in ("per-keypoint", "joint")),
    *({"stacks": str(count)} for count in (1, 2, 4)),
    *({"stride": cell, "coarsest": "8"} for cell in ("1", "2", "4")),
    {"stride": "4", "coarsest": "16", "stacks": "2"},
    {"coarsest": "8", "blocks": "1", "update": "add", "head": "joint", "stacks": "2"},
]
PPNET_VARIANTS = [
    {},
    *({"block": block} for block in ("residual", "bottleneck")),
    *({"ratios": ratios} for ratios in ("2-2", "2-3", "3-2")),
    *({"branches": count} for count in ("3", "4")),
    *({"depth-ratio": ratio} for ratio in ("2", "3")),
    *({"width-ratio": ratio} for ratio in ("2", "3")),
    *({"reintegrate": base} for base in ("paper", "released")),
    {"stem": "8"},
    {"block": "bottleneck", "ratios": "2-3", "branches": "4", "depth-ratio": "3", "width-ratio": "3"},
]


def with_skeletons(variants: list[dict[str, str]]) -> list[object]:
    """The paper's network on every skeleton, the variants on one after the other."""
    of_paper = [({}, skeleton) for skeleton in SKELETONS]
    others = list(zip(variants, itertools.cycle(SKELETONS)))
    return [pytest.param(v, s, id=f"{s.name}-{v}") for v, s in of_paper + others[1:]]


@torch.no_grad()
def outputs_of(spec: NetworkSpec) -> list[Tensor]:
    outputs: list[Tensor] = spec.build().eval()(torch.zeros(1, 3, spec.input_wh[1], spec.input_wh[0]))
    return outputs


@pytest.mark.parametrize(("settings", "skeleton"), with_skeletons(REPOSE_VARIANTS))
def test_every_repose_gives_the_maps_of_its_codec(settings: dict[str, str], skeleton: Skeleton) -> None:
    spec = NetworkSpec.of_paper("repose", {**settings, "width": "8"}, skeleton)
    outputs = outputs_of(spec)
    config = spec.config()
    assert isinstance(config, RePoseConfig)
    cells = 128 // config.stride
    assert spec.codec().map_wh == (cells, cells)
    assert outputs[-1].shape == (1, len(skeleton), cells, cells)
    sides = [config.coarsest, *(config.coarsest * 2**i for i in range(config.downsamplings + 1))]
    assert [o.shape[2] for o in outputs] == sides * config.stacks


@pytest.mark.parametrize(("settings", "skeleton"), with_skeletons(PPNET_VARIANTS))
def test_every_ppnet_gives_the_maps_of_its_codec(settings: dict[str, str], skeleton: Skeleton) -> None:
    spec = NetworkSpec.of_paper("ppnet-m2-d1-w8", settings, skeleton, (96, 128))
    outputs = outputs_of(spec)
    assert spec.codec().map_wh == (24, 32)
    assert [tuple(o.shape) for o in outputs] == [(1, len(skeleton), 32, 24)] * 2


def test_repose_at_256_pixels_updates_at_16_cells() -> None:
    spec = NetworkSpec.of_paper("repose", {"width": "8"}, input_wh=(256, 256))
    assert [o.shape[2] for o in outputs_of(spec)] == [16, 16, 32, 64, 128, 256]
    assert spec.codec().sigma_px == 10


def test_sigmas_are_those_of_the_papers() -> None:
    assert NetworkSpec.of_paper("repose").codec().sigma_px == 5
    assert NetworkSpec.of_paper("ppnet-m2-d2-w32").codec().sigma_cells == 2
    assert NetworkSpec.of_paper("ppnet-m2-d2-w32", input_wh=(288, 384)).codec().sigma_cells == 3


@torch.no_grad()
def update_one_by_one(core: KinematicCore, graph: KinematicGraph, features: list[Tensor]) -> None:
    """Both passes in the order of the spec, a joint at a time, with the weights that the levels hold."""
    half = len(core.updates) // 2
    for walked, levels in ((graph, core.updates[:half]), (graph.reversed(), core.updates[half:])):
        place = {joint: (level, i) for level in levels for i, joint in enumerate(level.joints)}
        assert set(place) == set(walked.order)
        for joint in walked.order:
            level, i = place[joint]
            features[joint] = updated(level, i, joint, walked, features)


def updated(level: LevelUpdate, i: int, joint: int, graph: KinematicGraph, features: list[Tensor]) -> Tensor:
    width = features[joint].shape[1]
    mine = slice(i * width, (i + 1) * width)

    def normed(x: Tensor, norm: torch.nn.BatchNorm2d) -> Tensor:
        statistics = norm.running_mean[mine], norm.running_var[mine]
        return torch.nn.functional.batch_norm(x, *statistics, norm.weight[mine], norm.bias[mine], eps=norm.eps)

    read = torch.cat([features[joint], *(features[n] for n in graph.neighbours[joint])], dim=1)
    x = normed(torch.relu(level.gather[i](read)), level.gather_norm[1])
    for convolution, _, norm in level.refine:
        x = normed(torch.relu(torch.nn.functional.conv2d(x, convolution.weight[mine], padding=1)), norm)
    return features[joint] + level.scale[i] * x


@pytest.mark.parametrize("order", ["outward", "inward"])
@pytest.mark.parametrize("skeleton", SKELETONS, ids=lambda s: s.name)
@torch.no_grad()
def test_updating_level_by_level_is_updating_one_by_one(
    skeleton: Skeleton, order: Literal["outward", "inward"]
) -> None:
    torch.manual_seed(0)
    core = KinematicCore(RePoseConfig(width=16, order=order), skeleton).double().eval()
    for name, tensor in core.state_dict().items():
        if name.endswith(("running_var", "scale")):
            tensor.uniform_(0.5, 1.5)
        elif name.endswith(("running_mean", "1.bias", "2.bias")):
            tensor.normal_(std=0.1)
    features = list(torch.randn(len(skeleton), 1, 8, 6, 6, dtype=torch.float64))
    by_level, one_by_one = list(features), list(features)
    for update in core.updates:
        update(by_level)
    graph = KinematicGraph.of(skeleton)
    update_one_by_one(core, graph if order == "outward" else graph.reversed(), one_by_one)
    for a, b in zip(by_level, one_by_one, strict=True):
        torch.testing.assert_close(a, b, rtol=0, atol=4e-7)
    assert max((a - b).abs().max() for a, b in zip(by_level, features, strict=True)) > 0.1


def test_the_levels_of_lsp_are_those_of_the_spec() -> None:
    graph = KinematicGraph.of(LSP_14)
    names = [{LSP_14.joints[j] for j in level} for level in graph.levels()]
    short = {"sho": "shoulder", "kne": "knee", "elb": "elbow", "ank": "ankle", "wri": "wrist"}
    expected = "r_hip | l_hip r_sho r_kne | l_sho l_kne r_elb r_ank | l_elb l_ank r_wri neck | l_wri head"
    assert names == [
        {re.sub(r"_(\w+)", lambda m: "_" + short.get(m[1], m[1]), name) for name in level.split()}
        for level in expected.split(" | ")
    ]
    assert len(LSP_14.edges) == 15


def test_a_deployed_network_takes_pixels_and_gives_the_last_maps() -> None:
    spec = NetworkSpec("ppnet-m2-d1-w8", LSP_14, (48, 64), {"stem": 8})
    network = spec.build().eval()
    image = torch.randint(0, 256, (2, 64, 48, 3), dtype=torch.uint8)
    mean, std = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])
    with torch.no_grad():
        maps = DeployNetwork(network)(image)
        by_hand = network(((image / 255 - mean) / std).permute(0, 3, 1, 2))[-1]
    torch.testing.assert_close(maps, by_hand)


@pytest.mark.parametrize(
    ("name", "settings", "input_wh", "message"),
    [
        ("resnet", {}, None, "unknown network 'resnet'; known: repose, ppnet-mM-dD-wW"),
        ("ppnet-2", {}, None, "a PPNet is named like ppnet-m2-d2-w32; found 'ppnet-2'"),
        ("ppnet-m0-d2-w32", {}, None, "modules is a number of 1 or more; found 0"),
        ("repose", {"colour": "red"}, None, "unknown setting 'colour'; this network has coarsest, blocks"),
        ("repose", {"coarsest": "9"}, None, "coarsest is one of 8, 16, 32; found 9"),
        ("repose", {"stride": "3"}, None, "stride is one of 1, 2, 4; found 3"),
        ("repose", {"stride": "4", "coarsest": "32"}, None, "at a stride of 4 are 32 cells, no power of two of it"),
        ("repose", {"blocks": "many"}, None, "blocks is a whole number; found 'many'"),
        ("repose", {"update": "never"}, None, "update is one of trainable, add, replace; found 'never'"),
        ("repose", {}, (128, 96), "RePose takes square input; found 128x96"),
        ("repose", {}, (100, 100), "100 cells, no power of two of it"),
        ("ppnet-m2-d2-w32", {"width": "4"}, None, "unknown setting 'width'"),
        ("ppnet-m2-d2-w32", {"branches": "5"}, None, "branches is a number from 3 to 4; found 5"),
        ("ppnet-m2-d2-w32", {}, (190, 256), "PPNet's input is a multiple of 4; found 190x256"),
    ],
)
def test_what_no_network_is_is_one_clear_line(
    name: str, settings: dict[str, str], input_wh: tuple[int, int] | None, message: str
) -> None:
    with pytest.raises(EdgeposeError, match=re.escape(message)) as caught:
        NetworkSpec.of_paper(name, settings, input_wh=input_wh).build()
    assert "\n" not in str(caught.value)


def test_repose_needs_an_order_to_walk_the_joints() -> None:
    with pytest.raises(EdgeposeError, match=r"no update order for simplepose-18; there is one for lsp-14"):
        NetworkSpec.of_paper("repose", skeleton=SIMPLE_POSE_18).build()
