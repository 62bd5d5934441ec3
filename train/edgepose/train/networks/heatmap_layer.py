"""The convolution that predicts heatmaps."""

from torch import nn


def heatmap_layer(inputs: int, maps: int, kernel: int = 1, groups: int = 1) -> nn.Conv2d:
    """Return a convolution of odd `kernel` that starts at nearly empty maps.

    From the usual initialisation the first few hundred steps only unlearn noise in the empty parts of the maps.
    """
    convolution = nn.Conv2d(inputs, maps, kernel, padding=kernel // 2, groups=groups)
    nn.init.normal_(convolution.weight, std=0.001)
    assert convolution.bias is not None
    nn.init.zeros_(convolution.bias)
    return convolution
