"""A network may start from another one's weights: as they are, narrowed, or all but the head."""

from dataclasses import replace

import pytest
import torch

from edgepose.runtime.skeleton import COCO_17, LSP_14, Skeleton
from edgepose.train.checkpoints.checkpoint import Checkpoint, CheckpointError
from edgepose.train.checkpoints.transfer import transfer_weights
from edgepose.train.networks import NetworkSpec


def spec(name: str, skeleton: Skeleton = LSP_14, **settings: str) -> NetworkSpec:
    return NetworkSpec.of_paper(name, settings, skeleton, (32, 32))


def checkpoint(of: NetworkSpec) -> Checkpoint:
    torch.manual_seed(7)
    return Checkpoint(of, of.codec(), 1.25, of.build().state_dict(), training={}, accuracy=[], state={})


WIDE = spec("ppnet-m2-d1-w16", stem="8")


def test_the_same_network_takes_every_tensor() -> None:
    wide = checkpoint(WIDE)
    network = WIDE.build()
    transfer = transfer_weights(wide, WIDE, network)
    assert not transfer.narrowed
    assert not transfer.fresh
    assert all(torch.equal(tensor, wide.weights[name]) for name, tensor in network.state_dict().items())


def test_a_narrower_network_takes_the_leading_channels() -> None:
    wide, narrow = checkpoint(WIDE), spec("ppnet-m1-d1-w8", stem="8")
    network = narrow.build()
    transfer = transfer_weights(wide, narrow, network)
    assert not transfer.fresh
    assert {name for name in network.state_dict() if name.startswith("stem.")} <= set(transfer.whole)
    first = network.state_dict()["transition.0.0.weight"]
    assert torch.equal(first, wide.weights["transition.0.0.weight"][: len(first)])
    assert f"{len(transfer.narrowed)} by their leading channels" in str(transfer)


def test_a_smaller_kernel_is_not_the_corner_of_a_larger_one() -> None:
    wide, slim = spec("ppnet-m1-d1-w32", stem="8"), spec("ppnet-m1-d1-w8", stem="8", block="bottleneck")
    transfer = transfer_weights(checkpoint(wide), slim, slim.build())
    assert "pyramid.0.branches.0.0.layers.0.0.weight" in transfer.fresh  # 1x1 here, 3x3 there


def test_a_deeper_network_starts_fresh_where_nothing_is() -> None:
    deep = spec("ppnet-m2-d2-w16", stem="8")
    network = deep.build()
    fresh = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    transfer = transfer_weights(checkpoint(WIDE), deep, network)
    assert transfer.fresh
    assert all(torch.equal(fresh[name], network.state_dict()[name]) for name in transfer.fresh)
    assert "start fresh: pyramid.0.branches" in str(transfer)


def test_other_keypoints_keep_all_but_the_head() -> None:
    other = replace(WIDE, skeleton=COCO_17)
    transfer = transfer_weights(checkpoint(WIDE), other, other.build())
    assert set(transfer.fresh) == {
        *(f"pyramid.{i}.regressor.heatmaps.2.{kind}" for i in (0, 1) for kind in ("weight", "bias")),
        "pyramid.0.heatmaps_back.weight",
    }
    assert not transfer.narrowed


def test_fewer_keypoints_are_not_the_leading_ones_of_more() -> None:
    more = checkpoint(replace(WIDE, skeleton=COCO_17))
    assert not transfer_weights(more, WIDE, WIDE.build()).narrowed


def test_another_architecture_is_an_error() -> None:
    other = spec("repose")
    with pytest.raises(CheckpointError, match="of another architecture than repose of lsp-14"):
        transfer_weights(checkpoint(WIDE), other, other.build())


def test_a_wider_network_repeats_channels() -> None:
    wider = spec("ppnet-m2-d1-w32", stem="8")
    transfer = transfer_weights(checkpoint(WIDE), wider, wider.build())
    assert any(name.startswith("stem.") for name in transfer.whole)
    assert any("branches" in name for name in transfer.widened)
    assert not transfer.fresh


def test_a_wider_network_of_other_keypoints_takes_what_fits() -> None:
    wider = replace(spec("ppnet-m2-d1-w32", stem="8"), skeleton=COCO_17)
    transfer = transfer_weights(checkpoint(WIDE), wider, wider.build())
    assert not transfer.widened
    assert any("branches" in name for name in transfer.fresh)


def test_where_layers_join_channels_the_leading_ones_are_no_narrower_network() -> None:
    wide, slim = spec("repose", width="16", coarsest="8"), spec("repose", width="8", coarsest="8")
    with pytest.raises(CheckpointError, match="no tensor of the checkpoint to start from, repose of lsp-14"):
        transfer_weights(checkpoint(wide), slim, slim.build())
