"""Labels swapped on purpose are found and put right; right ones, and those of which nothing is known, stay."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor
from torch._subclasses import FakeTensorMode

from edgepose.runtime.codecs.heatmap import HeatmapCodec
from edgepose.runtime.skeleton import COCO_17, LSP_14, MPII_16, Skeleton
from edgepose.train.objectives.heatmaps import heatmap_targets
from edgepose.train.objectives.swapped_labels import CHAINS, MARGIN, SwappedLabels

CODEC = HeatmapCodec((64, 64), (32, 32), 4.0)
SKELETONS = [LSP_14, MPII_16, COCO_17]


def people(count: int, skeleton: Skeleton, seed: int = 0) -> Tensor:
    """Return joints (N, K, 2), no two of a person at one place."""
    generator = torch.Generator().manual_seed(seed)
    places = torch.stack([torch.randperm(25, generator=generator)[: len(skeleton)] for _ in range(count)])
    return torch.stack([places % 5, places // 5], dim=-1).float() * 12 + 8


def swap(joints: Tensor, skeleton: Skeleton, parts: tuple[str, ...]) -> Tensor:
    swapped = joints.clone()
    for row, joint in enumerate(skeleton.joints):
        if joint[2:] in parts:
            swapped[:, row] = joints[:, skeleton.flip_order[row]]
    return swapped


def rows(skeleton: Skeleton, parts: tuple[str, ...]) -> Tensor:
    return torch.tensor([joint[2:] in parts for joint in skeleton.joints])


@pytest.mark.parametrize("skeleton", SKELETONS, ids=lambda skeleton: skeleton.name)
@given(seed=st.integers(0, 2**16), peak=st.floats(0.5, 1.0))
def test_a_swapped_chain_is_found_and_put_right_and_no_other(skeleton: Skeleton, seed: int, peak: float) -> None:
    swaps, right = SwappedLabels(skeleton), people(2, skeleton, seed)
    seen = peak * heatmap_targets(CODEC, right)
    assert not swaps.find(seen, heatmap_targets(CODEC, right)).any()
    for parts in CHAINS:
        labels = right.clone()
        labels[1:] = swap(right[1:], skeleton, parts)
        targets = heatmap_targets(CODEC, labels)
        found = swaps.find(seen, targets)
        assert not found[0].any()
        assert torch.equal(found[1], rows(skeleton, parts))
        assert torch.equal(swaps.exchange(labels, found), right)
        assert torch.equal(swaps.exchange(targets, found), heatmap_targets(CODEC, right))


def margins(seen: Tensor, labels: Tensor) -> list[float]:
    return SwappedLabels(LSP_14).margins(seen, heatmap_targets(CODEC, labels))[0].tolist()


def test_the_margin_is_by_how_much_the_exchanged_labels_agree_better() -> None:
    right = people(1, LSP_14)
    wrong, seen = swap(right, LSP_14, CHAINS[1]), heatmap_targets(CODEC, right)
    assert margins(0.7 * seen, wrong) == pytest.approx([-0.7, 0.7, 0.0], abs=0.05)
    assert margins(torch.zeros_like(seen), wrong) == [0, 0, 0]
    both_ways = 0.5 * (seen + heatmap_targets(CODEC, wrong))
    assert abs(margins(both_ways, wrong)[1]) < 0.1 < MARGIN


def test_one_pair_and_one_side_are_not_enough() -> None:
    right = people(1, LSP_14)
    wrong, seen = swap(right, LSP_14, CHAINS[0]), heatmap_targets(CODEC, right)
    two_pairs, one_pair, one_side = wrong.clone(), wrong.clone(), wrong.clone()
    for joint in ("l_wrist", "r_wrist"):
        two_pairs[:, LSP_14.index(joint)] = torch.nan
    for joint in ("l_wrist", "r_wrist", "l_elbow"):
        one_pair[:, LSP_14.index(joint)] = -100.0
    for joint in ("l_wrist", "l_elbow", "l_shoulder"):
        one_side[:, LSP_14.index(joint)] = torch.nan
    assert margins(seen, two_pairs)[0] > 0.9
    assert margins(seen, one_pair)[0] == margins(seen, one_side)[0] == 0


def test_what_is_known_of_a_joint_goes_with_its_label() -> None:
    swaps, weights = SwappedLabels(LSP_14), torch.arange(14.0)[None]
    swapped = rows(LSP_14, CHAINS[0])[None]
    moved = swaps.exchange(weights, swapped)[0]
    assert moved[LSP_14.index("l_wrist")] == LSP_14.index("r_wrist")
    assert moved[LSP_14.index("l_knee")] == LSP_14.index("l_knee")


def test_nobody_waits_for_a_value_of_the_device() -> None:
    with FakeTensorMode():  # has shapes and no values: whoever asks for one fails
        swaps, targets = SwappedLabels(LSP_14), torch.rand(2, 14, 32, 32)
        found = swaps.find(torch.rand(2, 14, 32, 32), targets)
        assert swaps.exchange(targets, found).shape == targets.shape
