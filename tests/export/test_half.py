"""Half precision as a device computes in it: rounded between the layers, infinite beyond its range."""

import pytest
import torch
from torch import Tensor, nn

from edgepose.export.half import halved
from edgepose.export.parity import Parity


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


@pytest.mark.parametrize(("one", "other", "expected"), [(0.1, 0.3, 0.3), (0.3, 0.1, 0.3), (0.1, float("nan"), None)])
def test_the_worse_of_two_is_the_one_that_counts(one: float, other: float, expected: float | None) -> None:
    figures = [Parity(0.0, px, 70.0, 0.0, 0.0) for px in (one, other)]
    for pair in (figures, figures[::-1]):
        px = pair[0].or_worse(pair[1]).px
        assert px == expected if expected is not None else px != px  # noqa: PLR0124  NaN
