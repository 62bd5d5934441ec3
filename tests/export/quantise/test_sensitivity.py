"""The layers that a lower precision hurts are found by name."""

import numpy as np
import pytest
import torch

from edgepose.export.quantise.sensitivity import layers_by_harm
from edgepose.train.networks import DeployNetwork
from support.trained import PPNET


def network(factor: float) -> DeployNetwork:
    """Return a PPNet in which some channels between two layers are `factor` times as large, to no effect in fp32."""
    torch.manual_seed(0)
    built = PPNET.build()
    for name, parameter in built.named_parameters():
        if parameter.dim() == 4:
            torch.nn.init.kaiming_normal_(parameter)
        assert parameter.requires_grad, name
    weights = built.state_dict()
    layer = "pyramid.0.regressor.heatmaps"
    for name in (f"{layer}.0.1.weight", f"{layer}.0.1.bias"):
        weights[name][:16] *= factor
    weights[f"{layer}.1.0.weight"][:, :16] /= factor
    return DeployNetwork(built).eval()


@pytest.mark.parametrize(("precision", "factor"), [("int8", 3e3), ("fp16", 1e7)])
def test_the_layer_whose_input_has_too_wide_a_range_is_the_worst(precision: str, factor: float) -> None:
    images = np.random.default_rng(0).integers(0, 256, (16, 64, 64, 3), np.uint8)
    deployed = network(factor)
    with torch.no_grad():
        before = deployed(torch.from_numpy(images))
    harms = layers_by_harm(deployed, images, images, precision)
    assert harms[0].layer == "pyramid.0.regressor.heatmaps.1.0"
    assert [harm.change for harm in harms] == sorted((harm.change for harm in harms), reverse=True)
    with torch.no_grad():
        assert torch.equal(deployed(torch.from_numpy(images)), before)
