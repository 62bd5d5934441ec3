"""Half precision as a device computes in it: rounded between the layers, infinite beyond its range."""

import math

import torch
from torch import Tensor, nn

from edgepose.export.graphs.half import halved
from edgepose.export.proof.parity import Parity


def test_what_every_layer_reads_and_gives_is_rounded() -> None:
    torch.manual_seed(0)
    network = nn.Sequential(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.ReLU(), nn.Conv2d(8, 2, 1)).eval()
    seen: list[Tensor] = []
    copied = halved(network)
    for layer in copied:
        layer.register_forward_hook(lambda _layer, inputs, output: seen.extend((inputs[0], output)))
    images = torch.rand(2, 3, 8, 8)
    found = copied(images)
    assert all(torch.equal(x, x.half().float()) for x in seen)
    torch.testing.assert_close(found, network(images), rtol=0.01, atol=2e-3)
    assert not torch.equal(found, network(images))


def test_activations_beyond_its_range_are_infinite() -> None:
    network = nn.Sequential(nn.Conv2d(1, 1, 1, bias=False), nn.Conv2d(1, 1, 1, bias=False))
    with torch.no_grad():
        network[0].weight.fill_(7e4 / 2)
        network[1].weight.fill_(1e-4)
        image = torch.full((1, 1, 1, 1), 2.0)
        assert network(image).isfinite().all()
        assert halved(network)(image).isinf().all()


def test_of_two_the_worse_figure_counts_whichever_has_it() -> None:
    one, other = Parity(0.1, 0.3, 0.01, 70.0, 0.5, 0.1), Parity(0.2, 0.1, 0.02, 70.4, 0.1, 0.2)
    assert one.or_worse(other) == other.or_worse(one) == Parity(0.2, 0.3, 0.02, 70.0, 0.5, 0.2)
    broken = Parity(math.nan, math.nan, math.nan, 0.0, 70.5, 1.0)
    for worse in (one.or_worse(broken), broken.or_worse(one)):
        assert math.isnan(worse.px)
        assert math.isnan(worse.raw)
        assert math.isnan(worse.score)
        assert (worse.metric, worse.drop) == (0.0, 70.5)
