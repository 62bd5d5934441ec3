"""Every architecture by its name: how it is configured and built, and what its paper fixes besides."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

from torch import nn

from edgepose.profiles.errors import EdgeposeError
from edgepose.runtime.codecs import Codec
from edgepose.runtime.codecs.body_part import BodyPartCodec
from edgepose.runtime.codecs.heatmap import HeatmapCodec
from edgepose.runtime.skeleton import COCO_17, LSP_14, MPII_16, SIMPLE_POSE_18, Skeleton
from edgepose.train.networks.counting import Convention
from edgepose.train.networks.pbn import PBN, PBNConfig
from edgepose.train.networks.pil import PIL, PILConfig
from edgepose.train.networks.ppnet import PPNet, PPNetConfig
from edgepose.train.networks.repose import RePose, RePoseConfig
from edgepose.train.networks.simplepose import SimplePose, SimplePoseConfig

NETWORKS = ("repose", "ppnet-mM-dD-wW", "pbn", "pil", "simplepose", "simplepose-edge")
NetworkConfig = RePoseConfig | PPNetConfig | PBNConfig | PILConfig | SimplePoseConfig


@dataclass(frozen=True)
class Architecture:
    """What holds for all variants of an architecture.

    `settings` are the fields of `config` that a user sets; the others follow from the name or the input. The input's
    sides are multiples of `input_step`, and equal where `square` says so. `skeleton` and `input_wh` are the paper's;
    `own_skeleton` says that there is no other, and data of other skeletons is rearranged for it. `narrows` says that
    the leading channels of all layers are a narrower network: nothing is concatenated, split or grouped. Where this is
    done, but only in whole blocks of channels, `channel_block` is their size.
    """

    title: str
    config: type[NetworkConfig]
    configure: Callable[[str, tuple[int, int], Mapping[str, Any]], NetworkConfig]
    network: Callable[[Any, Skeleton], nn.Module]
    codec: Callable[[tuple[int, int], Any], Codec]
    convention: Convention
    skeleton: Skeleton
    input_wh: tuple[int, int]
    settings: tuple[str, ...]
    input_step: int = 1
    square: bool = False
    own_skeleton: bool = False
    narrows: bool = False
    channel_block: Callable[[Any], int] | None = None

    def skeleton_for(self, data: Skeleton) -> Skeleton:
        """Return the joints that are learned of data with these, where nobody says."""
        return self.skeleton if self.own_skeleton else data

    def check_input(self, input_wh: tuple[int, int]) -> None:
        """Raise `EdgeposeError` for an input that the architecture cannot take."""
        width, height = input_wh
        if self.square and width != height:
            raise EdgeposeError(f"{self.title} takes square input; found {width}x{height}")
        if width % self.input_step or height % self.input_step:
            raise EdgeposeError(f"{self.title}'s input is a multiple of {self.input_step}; found {width}x{height}")

    def parse_settings(self, settings: Mapping[str, str]) -> dict[str, str | int]:
        """Read settings from text.

        Raises `EdgeposeError` for an unknown one or an impossible value.
        """
        kinds = get_type_hints(self.config)
        parsed: dict[str, str | int] = {}
        for key, text in settings.items():
            name = key.replace("-", "_")
            if name not in self.settings:
                known = ", ".join(setting.replace("_", "-") for setting in self.settings)
                raise EdgeposeError(f"unknown setting {key!r}; this network has {known}")
            parsed[name] = _value(key, kinds[name], text)
        return parsed


def _value(key: str, kind: Any, text: str) -> str | int:
    """Read a value of a kind: a whole number, one of a `Literal`'s words, or text, which the configuration checks."""
    kinds = get_args(kind) if get_origin(kind) in (Union, UnionType) else (kind,)
    words = [word for k in kinds for word in get_args(k)]
    if text in words:
        return text
    if int in kinds and text.isdecimal():
        return int(text)
    if str in kinds:
        return text
    expected = [f"one of {', '.join(words)}"] * bool(words) + ["a whole number"] * (int in kinds)
    raise EdgeposeError(f"{key} is {' or '.join(expected)}; found {text!r}")


def _repose_codec(input_wh: tuple[int, int], config: RePoseConfig) -> HeatmapCodec:
    """Return maps at the resolution of its stride, full in the paper; sigma is 5/128 of the side."""
    width, height = input_wh
    return HeatmapCodec(input_wh, (width // config.stride, height // config.stride), 5.0 * width / 128)


def _ppnet_codec(input_wh: tuple[int, int], _config: PPNetConfig) -> HeatmapCodec:
    """Return maps of a quarter of the size; sigma is 2 cells at 256 px height and 3 at 384 in the paper, less below."""
    height = input_wh[1]
    return _quarter(input_wh, 4 * (1.5 if height < 192 else 2.0 if height < 384 else 3.0))


def _quarter(input_wh: tuple[int, int], sigma_px: float) -> HeatmapCodec:
    return HeatmapCodec(input_wh, _quarter_wh(input_wh), sigma_px)


def _simplepose_codec(input_wh: tuple[int, int], config: SimplePoseConfig) -> BodyPartCodec:
    """Return maps of a quarter of the size; the sigmas are 9 and 7 px at 384 and 512 px in the paper, less below.

    They never are less than 5 and 4 px: a peak of less than a cell gives a network next to nothing to learn from.
    """
    share = min(1.0, max(input_wh) / 384)
    keypoint_sigma_px, limb_sigma_px = max(9.0 * share, 5.0), max(7.0 * share, 4.0)
    return BodyPartCodec(input_wh, _quarter_wh(input_wh), config.parts, keypoint_sigma_px, limb_sigma_px)


def _quarter_wh(input_wh: tuple[int, int]) -> tuple[int, int]:
    return input_wh[0] // 4, input_wh[1] // 4


def _names(config: type[NetworkConfig], *fixed: str) -> tuple[str, ...]:
    return tuple(field.name for field in fields(config) if field.name not in fixed)


_EDGE: dict[str, Any] = {"stages": 2, "width": 48, "step": 24}
"""Simple Pose in real time on one core of a processor: 1.7G multiply-accumulates at 256x256."""
_SIMPLE_POSE = Architecture(
    title="Simple Pose",
    config=SimplePoseConfig,
    configure=lambda _name, _input_wh, settings: SimplePoseConfig(**settings),
    network=SimplePose,
    codec=_simplepose_codec,
    convention=Convention("Simple Pose: FLOPs = 2 x MAC / 1e9", lambda done: done.macs * 2 / 1e9, decimals=1),
    skeleton=SIMPLE_POSE_18,
    input_wh=(512, 512),
    settings=_names(SimplePoseConfig),
    input_step=64,
    own_skeleton=True,
)

ARCHITECTURES = {
    "repose": Architecture(
        title="RePose",
        config=RePoseConfig,
        configure=lambda _name, input_wh, settings: RePoseConfig(input_px=input_wh[0], **settings),
        network=RePose,
        codec=_repose_codec,
        convention=Convention("RePose: FLOPs = 2 x MAC / 1e9", lambda done: done.macs * 2 / 1e9, decimals=1),
        skeleton=LSP_14,
        input_wh=(128, 128),
        settings=_names(RePoseConfig, "input_px"),
        square=True,
        channel_block=lambda config: config.width // 2,
    ),
    "ppnet": Architecture(
        title="PPNet",
        config=PPNetConfig,
        configure=lambda name, _input_wh, settings: PPNetConfig.from_name(name, **settings),
        network=PPNet,
        codec=_ppnet_codec,
        convention=Convention(
            "PPNet: GFLOPs = MAC / 2^30, printed truncated", lambda done: done.macs / 2**30, decimals=1, truncated=True
        ),
        skeleton=COCO_17,
        input_wh=(192, 256),
        settings=_names(PPNetConfig, "modules", "depth", "width"),
        input_step=4,
        narrows=True,
        channel_block=lambda config: config.width,
    ),
    "pbn": Architecture(
        title="PBN",
        config=PBNConfig,
        configure=lambda _name, _input_wh, settings: PBNConfig(**settings),
        network=PBN,
        codec=lambda input_wh, _config: _quarter(input_wh, 4.0),
        convention=Convention(
            "PBN: GFLOPs = (2 x MAC + convolution biases + batch norm and ReLU elements) / 1e9",
            lambda done: (2 * done.macs + done.biases + done.norms + done.relus) / 1e9,
            decimals=2,
        ),
        skeleton=MPII_16,
        input_wh=(256, 256),
        settings=_names(PBNConfig),
        input_step=64,
    ),
    "pil": Architecture(
        title="PIL",
        config=PILConfig,
        configure=lambda _name, _input_wh, settings: PILConfig(**settings),
        network=PIL,
        codec=lambda input_wh, _config: _quarter(input_wh, 7.0),
        convention=Convention("PIL: FLOPs = 2 x MAC / 1e9", lambda done: done.macs * 2 / 1e9, decimals=2),
        skeleton=MPII_16,
        input_wh=(256, 256),
        settings=_names(PILConfig),
        input_step=64,
    ),
    "simplepose": _SIMPLE_POSE,
    "simplepose-edge": replace(
        _SIMPLE_POSE,
        configure=lambda _name, _input_wh, settings: SimplePoseConfig(**{**_EDGE, **settings}),
        input_wh=(256, 256),
    ),
}


def architecture_of(name: str) -> Architecture:
    """Return the architecture of a network's name.

    Raises `EdgeposeError` listing what is known.
    """
    if name.startswith("ppnet-"):
        PPNetConfig.from_name(name)
        return ARCHITECTURES["ppnet"]
    if name not in NETWORKS:
        raise EdgeposeError(f"unknown network {name!r}; known: {', '.join(NETWORKS)} (as in ppnet-m2-d2-w32)")
    return ARCHITECTURES[name]
