"""A widened network computes what the narrow one did, and goes on to learn more than it."""

import pytest
import torch

from edgepose.train.checkpoints.checkpoint import Checkpoint
from edgepose.train.checkpoints.net2wider import Widener
from edgepose.train.checkpoints.transfer import transfer_weights
from edgepose.train.networks import NetworkSpec
from support.trained import REPOSE

PPNETS = {"ppnet-m2-d1-w8": "ppnet-m2-d1-w12", "ppnet-m1-d2-w16": "ppnet-m1-d2-w24"}


def spec(name: str = "repose", **settings: str) -> NetworkSpec:
    side_px = 64 if settings.get("stride") == "4" else 32
    settings = {"coarsest": "8", **settings} if name == "repose" else settings
    return NetworkSpec.of_paper(name, settings, REPOSE.skeleton, (side_px, side_px))


def trained(of: NetworkSpec) -> Checkpoint:
    """Return a checkpoint whose statistics and biases are no longer those of fresh weights."""
    torch.manual_seed(7)
    network = of.build().train()
    for tensor in network.parameters():
        torch.nn.init.normal_(tensor, std=0.2)
    with torch.no_grad():
        network(torch.randn(4, 3, *of.input_wh))
    return Checkpoint(of, of.codec(), 1.25, network.state_dict(), training={}, accuracy=[], state={})


def check_same_function(narrow: NetworkSpec, wide: NetworkSpec) -> None:
    checkpoint, network = trained(narrow), wide.build()
    transfer = transfer_weights(checkpoint, wide, network)
    images = torch.randn(2, 3, *wide.input_wh)
    assert not transfer.fresh
    assert f"{len(transfer.widened)} with channels repeated" in str(transfer)
    with torch.no_grad():
        found, expected = network.eval()(images)[-1], checkpoint.build().eval()(images)[-1]
    torch.testing.assert_close(found, expected, rtol=1e-3, atol=1e-4 * float(expected.abs().max()))


@pytest.mark.parametrize(
    "settings",
    [{"blocks": "1"}, {"blocks": "2", "head": "joint"}, {"update": "replace"}, {"blocks": "1", "stride": "4"}],
    ids=str,
)
@pytest.mark.parametrize("width", ["12", "20"])
def test_a_wider_repose_computes_the_same(settings: dict[str, str], width: str) -> None:
    check_same_function(spec(width="8", **settings), spec(width=width, **settings))


@pytest.mark.parametrize(
    "settings", [{"stem": "8"}, {"block": "bottleneck", "branches": "3"}, {"ratios": "2-3"}], ids=str
)
@pytest.mark.parametrize("narrow", PPNETS)
def test_a_wider_ppnet_computes_the_same(settings: dict[str, str], narrow: str) -> None:
    check_same_function(spec(narrow, **settings), spec(PPNETS[narrow], **settings))


def test_where_channels_are_joined_to_heatmaps_the_layer_starts_fresh() -> None:
    wider = spec(width="12", blocks="1", stacks="2")
    assert transfer_weights(trained(spec(width="8", blocks="1", stacks="2")), wider, wider.build()).fresh == (
        "stacks.1.entry.0.0.weight",
    )


def test_copies_of_a_channel_learn_different_things() -> None:
    narrow, wider = trained(spec(width="8", blocks="1")), spec(width="16", blocks="1")
    network = wider.build().train()
    transfer_weights(narrow, wider, network)
    network(torch.randn(4, 3, 32, 32))[-1].square().mean().backward()
    gradient = network.get_parameter("stacks.0.entry.1.0.weight").grad
    assert gradient is not None
    first, copy = gradient[0].flatten(), gradient[4].flatten()
    assert torch.nn.functional.cosine_similarity(first, copy, dim=0) < 0.99


def test_the_same_start_every_time() -> None:
    weight = torch.ones(4, 4, 3, 3)
    first, second = (Widener(4, 6).widened(weight, torch.Size((6, 6, 3, 3))) for _ in range(2))
    assert first is not None
    assert second is not None
    assert torch.equal(first, second)
    torch.testing.assert_close(first.sum(1), torch.full((6, 3, 3), 4.0))


def test_what_blocks_do_not_explain_starts_fresh() -> None:
    widener = Widener(4, 6)
    assert widener.widened(torch.ones(4, 4, 3, 3), torch.Size((6, 6, 5, 5))) is None
    assert widener.widened(torch.ones(4, 4, 3, 3), torch.Size((7, 6, 3, 3))) is None
    assert widener.widened(torch.tensor(3), torch.Size(())) is None
