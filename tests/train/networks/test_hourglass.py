"""What the hourglass networks are made of."""

import pytest
import torch
from torch.nn.functional import interpolate

from edgepose.train.networks import hourglass
from edgepose.train.networks.hourglass import Hourglass, doubled


@pytest.mark.parametrize("side", [1, 3])
def test_doubling_is_that_of_nearest_neighbours_compiled_or_not(side: int) -> None:
    x = torch.rand(2, 4, side, side, requires_grad=True)
    expected = interpolate(x, scale_factor=2.0, mode="nearest")
    weights = torch.rand_like(expected)
    for way in (doubled, torch.compile(doubled, backend="eager")):
        found = way(x)
        torch.testing.assert_close(found, expected, rtol=0, atol=0)
        gradients = [torch.autograd.grad((y * weights).sum(), x, retain_graph=True)[0] for y in (found, expected)]
        torch.testing.assert_close(*gradients)


def test_an_exported_hourglass_upsamples_by_the_usual_operation() -> None:
    exported = torch.export.export(Hourglass(8).eval(), (torch.rand(1, 8, 16, 16),))
    assert sum("upsample_nearest" in str(node.target) for node in exported.graph.nodes) == 4


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of the compiler's own
@pytest.mark.long
def test_torch_compiles_what_halves_down_to_a_single_cell(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hourglass, "HOURGLASS_LEVELS", 2)
    torch.manual_seed(0)
    network = Hourglass(64).to(memory_format=torch.channels_last)
    images = torch.rand(32, 64, 4, 4).to(memory_format=torch.channels_last)
    gradients = []
    for way in (network, torch.compile(network)):
        network.zero_grad()
        way(images).square().sum().backward()
        gradients.append(torch.cat([p.grad.flatten() for p in network.parameters() if p.grad is not None]))
    torch.testing.assert_close(*gradients, rtol=1e-3, atol=1e-2 * float(gradients[0].abs().mean()))
