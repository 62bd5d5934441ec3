"""The pose networks, one architecture a file, and how each is named, built and fed."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, get_args, get_type_hints

import torch
from torch import Tensor, nn

from edgepose.profiles.errors import EdgeposeError
from edgepose.runtime.codec import HeatmapCodec
from edgepose.runtime.skeleton import COCO_17, LSP_14, Skeleton
from edgepose.train.networks.ppnet import PPNet, PPNetConfig
from edgepose.train.networks.repose import RePose, RePoseConfig

NETWORKS = ("repose", "ppnet-mM-dD-wW")
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
        config = _config_class(name)
        paper_skeleton, paper_input_wh = (LSP_14, (128, 128)) if config is RePoseConfig else (COCO_17, (192, 256))
        parsed = {key.replace("-", "_"): _parse_setting(config, key, text) for key, text in (settings or {}).items()}
        spec = cls(name, skeleton or paper_skeleton, input_wh or paper_input_wh, parsed)
        spec.config()
        return spec

    def config(self) -> RePoseConfig | PPNetConfig:
        """Return the checked configuration of the architecture."""
        if _config_class(self.name) is PPNetConfig:
            return PPNetConfig.from_name(self.name, **self.settings)
        if self.input_wh[0] != self.input_wh[1]:
            raise EdgeposeError(f"RePose takes square input; found {self.input_wh[0]}x{self.input_wh[1]}")
        return RePoseConfig(input_px=self.input_wh[0], **self.settings)

    def build(self) -> nn.Module:
        """Return the network with fresh weights."""
        config = self.config()
        if isinstance(config, PPNetConfig):
            if self.input_wh[0] % 4 or self.input_wh[1] % 4:
                raise EdgeposeError(f"PPNet's input is a multiple of 4; found {self.input_wh[0]}x{self.input_wh[1]}")
            return PPNet(config, self.skeleton)
        return RePose(config, self.skeleton)

    def codec(self) -> HeatmapCodec:
        """Return the heatmaps of its paper: RePose at full resolution with sigma 5/128 of the side, PPNet at 1/4."""
        if isinstance(self.config(), RePoseConfig):
            return HeatmapCodec(self.input_wh, self.input_wh, 5.0 * self.input_wh[0] / 128)
        width, height = self.input_wh
        # 2 cells at 256 px height and 3 at 384 in the paper; small inputs go below that
        sigma_cells = 1.5 if height < 192 else 2.0 if height < 384 else 3.0
        return HeatmapCodec(self.input_wh, (width // 4, height // 4), 4 * sigma_cells)


def _config_class(name: str) -> type[RePoseConfig] | type[PPNetConfig]:
    if name == "repose":
        return RePoseConfig
    if name.startswith("ppnet-"):
        PPNetConfig.from_name(name)
        return PPNetConfig
    raise EdgeposeError(f"unknown network {name!r}; known: {', '.join(NETWORKS)} (as in ppnet-m2-d2-w32)")


def _parse_setting(config: type[RePoseConfig] | type[PPNetConfig], key: str, text: str) -> str | int:
    in_name = {"modules", "depth", "width"} if config is PPNetConfig else {"input_px"}
    kinds = {f.name: get_type_hints(config)[f.name] for f in fields(config) if f.name not in in_name}
    name = key.replace("-", "_")
    if name not in kinds:
        known = ", ".join(k.replace("_", "-") for k in kinds)
        raise EdgeposeError(f"unknown setting {key!r}; this network has {known}")
    choices = get_args(kinds[name])
    if choices and text not in choices:
        raise EdgeposeError(f"{key} is one of {', '.join(choices)}; found {text!r}")
    if not choices and not text.isdecimal():
        raise EdgeposeError(f"{key} is a whole number; found {text!r}")
    return text if choices else int(text)


class DeployNetwork(nn.Module):
    """The network as a device gets it: uint8 RGB (N, H, W, 3) -> the last heatmaps (N, K, h, w), nothing else."""

    mean: Tensor
    std: Tensor

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network
        self.register_buffer("mean", 255 * torch.tensor(_IMAGE_MEAN).view(1, 3, 1, 1), persistent=False)
        self.register_buffer("std", 255 * torch.tensor(_IMAGE_STD).view(1, 3, 1, 1), persistent=False)

    def all_heatmaps(self, image: Tensor) -> list[Tensor]:
        """Return every supervised output, the prediction last."""
        normalised = (image.permute(0, 3, 1, 2).to(self.mean.dtype) - self.mean) / self.std
        outputs: list[Tensor] = self.network(normalised)
        return outputs

    def forward(self, image: Tensor) -> Tensor:
        """Return the prediction."""
        return self.all_heatmaps(image)[-1]
