"""PBN: the figures of its paper, branches that give every joint its own map, and what it refuses."""

import itertools
import re

import pytest
import torch

from edgepose.profiles.errors import EdgeposeError
from edgepose.runtime.skeleton import COCO_17, LSP_14, MPII_16, SIMPLE_POSE_18, Skeleton
from edgepose.train.networks import DeployNetwork, NetworkSpec
from edgepose.train.networks.describe import describe
from edgepose.train.networks.joint_groups import joint_groups, usual_number, write_groups
from edgepose.train.networks.pbn import Branches, PBNConfig
from edgepose.train.runs.named_recipes import paper_recipe

SKELETONS = [LSP_14, MPII_16, COCO_17]
FIGURES = [
    ({}, 26.69, None),
    ({"baseline": "deep"}, 27.22, None),
    ({"stacks": "3"}, 10.23, 29.11),
    ({"stacks": "3", "depth": "2"}, 10.43, 30.77),
    ({"stacks": "3", "width": "128"}, 11.08, 36.08),
    ({"stacks": "3", "groups": "8"}, 10.50, None),
]
VARIANTS = [
    {},
    *({"groups": groups} for groups in ("stat", "body", "overlap", "1", "8", "14")),
    *({"baseline": baseline} for baseline in ("none", "deep", "plain")),
    {"depth": "2", "width": "16"},
]


@pytest.mark.parametrize(("settings", "params", "gflops"), FIGURES, ids=str)
def test_pbn_has_the_figures_of_its_paper(settings: dict[str, str], params: float, gflops: float | None) -> None:
    figures = describe(NetworkSpec.of_paper("pbn", settings))
    assert round(figures.params / 1e6, 2) == params
    assert gflops is None or figures.flops_paper == pytest.approx(gflops, rel=1e-3)
    assert (figures.spec.skeleton, figures.spec.input_wh) == (MPII_16, (256, 256))
    assert figures.convention.text.startswith("PBN: GFLOPs = (2 x MAC + convolution biases")
    done = figures.operations
    assert figures.flops_paper == (2 * done.macs + done.biases + done.norms + done.relus) / 1e9


@pytest.mark.parametrize(
    ("settings", "skeleton"),
    [*zip(VARIANTS, itertools.cycle(SKELETONS)), *(({}, s) for s in SKELETONS)],
    ids=lambda value: value.name if isinstance(value, Skeleton) else str(value),
)
@torch.no_grad()
def test_every_pbn_gives_the_maps_of_its_codec(settings: dict[str, str], skeleton: Skeleton) -> None:
    spec = NetworkSpec.of_paper("pbn", {"stacks": "2", **settings}, skeleton, (64, 128))
    outputs = spec.build().eval()(torch.zeros(1, 3, 128, 64))
    assert spec.codec().map_wh == (16, 32)
    assert spec.codec().sigma_cells == 1
    assert [tuple(o.shape) for o in outputs] == [(1, len(skeleton), 32, 16)] * 2


@pytest.mark.parametrize("groups", [((2, 0), (1,)), ((0, 1), (1, 2), (1, 0))])
@torch.no_grad()
def test_a_joint_has_the_mean_of_its_branches_maps(groups: tuple[tuple[int, ...], ...]) -> None:
    head = Branches(PBNConfig(width=4), groups).eval()
    features = torch.randn(1, 256, 4, 4)
    maps = [branch(features) for branch in head.branches]
    for joint, heatmap in enumerate(head(features)[0]):
        own = [maps[i][0, group.index(joint)] for i, group in enumerate(groups) if joint in group]
        torch.testing.assert_close(heatmap, torch.stack(own).mean(dim=0), rtol=0, atol=1e-6)


@pytest.mark.parametrize("settings", [{"groups": "overlap"}, {"baseline": "deep"}])
def test_all_weights_of_all_stacks_learn(settings: dict[str, str]) -> None:
    torch.manual_seed(0)
    spec = NetworkSpec.of_paper("pbn", {"stacks": "2", "width": "8", **settings}, LSP_14, (64, 64))
    network = spec.build()
    images = torch.randint(0, 256, (2, 64, 64, 3), dtype=torch.uint8)
    torch.stack([o.square().mean() for o in DeployNetwork(network).all_heatmaps(images)]).sum().backward()
    without = [name for name, p in network.named_parameters() if p.grad is None or not p.grad.isfinite().all()]
    assert without == []


def test_the_papers_training() -> None:
    recipe = paper_recipe(NetworkSpec.of_paper("pbn"))
    assert (recipe.optimiser, recipe.learning_rate, recipe.batch, recipe.epochs) == ("rmsprop", 2.5e-4, 16, 250)
    assert (recipe.augment.scale, recipe.augment.rotation_deg, recipe.augment.shear) == ((0.75, 1.25), 30, 0.5)
    rates = [recipe.rate_at(epoch, 250) for epoch in (0, 169, 170, 219, 220)]
    assert rates == pytest.approx([2.5e-4, 2.5e-4, 2.5e-5, 2.5e-5, 2.5e-6])


@pytest.mark.parametrize("skeleton", SKELETONS, ids=lambda s: s.name)
def test_the_groups_of_every_skeleton_hold_every_joint_once(skeleton: Skeleton) -> None:
    for number in range(1, len(skeleton) + 1):
        groups = joint_groups(skeleton, number)
        assert len(groups) == number
        assert sorted(joint for group in groups for joint in group) == list(range(len(skeleton)))
    assert joint_groups(skeleton, "stat") == joint_groups(skeleton, usual_number(skeleton))
    assert len(joint_groups(skeleton, "body")) == 6
    shared = [joint for group in joint_groups(skeleton, "overlap") for joint in group]
    repeated = {skeleton.joints[joint] for joint in shared if shared.count(joint) == 2}
    assert repeated == {"l_shoulder", "r_shoulder", "l_hip", "r_hip"}


def test_groups_by_name_are_those_that_were_written() -> None:
    written = write_groups([["nose", "r_eye"], ["l_eye", "r_eye"]])
    assert written == "nose,r_eye/l_eye,r_eye"
    face = Skeleton("face", ("nose", "l_eye", "r_eye"), (("nose", "l_eye"),), (0.1,) * 3)
    assert joint_groups(face, written) == ((0, 2), (1, 2))
    for groups in (written, write_groups([face.joints])):
        assert NetworkSpec("pbn", face, (64, 64), {"groups": groups, "stacks": 1}).build() is not None


def test_groups_keep_left_and_right_alike() -> None:
    for skeleton in SKELETONS:
        groups = {frozenset(group) for group in joint_groups(skeleton, "stat")}
        assert {frozenset(skeleton.flip_order[joint] for joint in group) for group in groups} == groups


@pytest.mark.parametrize(
    ("settings", "skeleton", "input_wh", "message"),
    [
        ({"groups": "arms"}, None, None, "groups is stat, body, overlap, a whole number or the joints of each"),
        ({"groups": "r_knee/tail"}, LSP_14, None, "lsp-14 has no 'tail' to group; it has r_ankle, r_knee"),
        ({"groups": "head/neck"}, LSP_14, None, "no group of joints has r_ankle, r_knee"),
        ({"groups": "0"}, None, None, "groups is a number of 1 or more; found 0"),
        ({"groups": "17"}, None, None, "mpii-16 has 1 to 16 groups of joints; found 17"),
        ({"stacks": "0"}, None, None, "stacks is a number of 1 or more; found 0"),
        ({"baseline": "shallow"}, None, None, "baseline is one of none, deep, plain; found 'shallow'"),
        ({"blocks": "2"}, None, None, "unknown setting 'blocks'; this network has stacks, width, depth, groups, base"),
        ({}, None, (192, 200), "PBN's input is a multiple of 64; found 192x200"),
        ({}, SIMPLE_POSE_18, None, "no statistics of the joints of simplepose-18; there are some for mpii-16"),
    ],
)
def test_what_no_pbn_is_is_one_clear_line(
    settings: dict[str, str], skeleton: Skeleton | None, input_wh: tuple[int, int] | None, message: str
) -> None:
    with pytest.raises(EdgeposeError, match=re.escape(message)) as caught:
        NetworkSpec.of_paper("pbn", settings, skeleton, input_wh).build()
    assert "\n" not in str(caught.value)


def test_a_skeleton_with_a_joint_that_no_group_has_is_one_clear_line() -> None:
    tail = Skeleton("dog", ("neck", "tail"), (("neck", "tail"),), (0.1, 0.1))
    with pytest.raises(EdgeposeError, match="no group of joints has tail of dog"):
        NetworkSpec("pbn", tail, (64, 64), {"groups": "body"}).build()
