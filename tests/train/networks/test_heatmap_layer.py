"""Every network begins with maps that say nothing, so that no step is spent on unlearning noise."""

import pytest
import torch

from edgepose.train.networks import DeployNetwork, NetworkSpec


@pytest.mark.parametrize("name", ["repose", "ppnet-m2-d1-w16", "pbn", "pil", "simplepose-edge"])
def test_a_fresh_network_sees_nearly_nothing(name: str) -> None:
    spec = NetworkSpec.of_paper(name, input_wh=(64, 64))
    torch.manual_seed(0)
    maps = DeployNetwork(spec.build()).eval()(torch.randint(0, 256, (2, 64, 64, 3), dtype=torch.uint8))
    assert maps.abs().max() < 0.2


def test_of_pil_the_background_is_nearly_everywhere() -> None:
    network = NetworkSpec.of_paper("pil", input_wh=(64, 64)).build().eval()
    outputs, _ = network.forward_both(torch.randn(1, 3, 64, 64))
    assert all((maps[:, -1] - 1).abs().max() < 0.2 for maps in outputs)
