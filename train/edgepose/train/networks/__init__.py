"""The pose networks, one architecture a file, and how each is named, built and fed."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from edgepose.runtime.codecs import Codec
from edgepose.runtime.skeleton import Skeleton
from edgepose.train.networks.architectures import NETWORKS, Architecture, NetworkConfig, architecture_of

__all__ = ["NETWORKS", "DeployNetwork", "NetworkSpec"]

_IMAGE_MEAN = (0.485, 0.456, 0.406)
_IMAGE_STD = (0.229, 0.224, 0.225)


@dataclass(frozen=True)
class NetworkSpec:
    """What a network is: its name, the settings that differ from its paper's, its joints and its input."""

    name: str
    skeleton: Skeleton
    input_wh: tuple[int, int]
    settings: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of_paper(
        cls,
        name: str,
        settings: Mapping[str, str] | None = None,
        skeleton: Skeleton | None = None,
        input_wh: tuple[int, int] | None = None,
    ) -> "NetworkSpec":
        """Fill what is not given with the paper's choice, and read settings from text.

        Raises `EdgeposeError` for an unknown network, setting or value.
        """
        paper = architecture_of(name)
        parsed = paper.parse_settings(settings or {})
        spec = cls(name, skeleton or paper.skeleton, input_wh or paper.input_wh, parsed)
        spec.config()
        return spec

    @property
    def architecture(self) -> Architecture:
        """What holds for all variants of this network."""
        return architecture_of(self.name)

    def config(self) -> NetworkConfig:
        """Return the checked configuration of the architecture."""
        self.architecture.check_input(self.input_wh)
        return self.architecture.configure(self.name, self.input_wh, self.settings)

    def build(self) -> nn.Module:
        """Return the network with fresh weights.

        Raises `EdgeposeError` where the settings do not suit the skeleton.
        """
        return self.architecture.network(self.config(), self.skeleton)

    def codec(self) -> Codec:
        """Return the codec of its paper: the maps' size, and their Gaussians."""
        return self.architecture.codec(self.input_wh, self.config())


class DeployNetwork(nn.Module):
    """The network as a device gets it: uint8 RGB (N, H, W, 3) -> the last maps (N, K, h, w), nothing else."""

    mean: Tensor
    std: Tensor

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network
        self.register_buffer("mean", 255 * torch.tensor(_IMAGE_MEAN).view(1, 3, 1, 1), persistent=False)
        self.register_buffer("std", 255 * torch.tensor(_IMAGE_STD).view(1, 3, 1, 1), persistent=False)

    def normalised(self, image: Tensor) -> Tensor:
        """Return what the network itself reads, (N, 3, H, W)."""
        return (image.permute(0, 3, 1, 2).to(self.mean.dtype) - self.mean) / self.std

    def all_heatmaps(self, image: Tensor) -> list[Tensor]:
        """Return every supervised output, the prediction last."""
        outputs: list[Tensor] = self.network(self.normalised(image))
        return outputs

    def forward(self, image: Tensor) -> Tensor:
        """Return the prediction."""
        return self.all_heatmaps(image)[-1]
