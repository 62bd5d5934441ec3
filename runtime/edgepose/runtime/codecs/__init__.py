"""What every codec has in common, and the table of those that a card can name."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from edgepose.profiles.errors import EdgeposeError
from edgepose.runtime.arrays import FloatArray
from edgepose.runtime.codecs.body_part import BodyPartCodec
from edgepose.runtime.codecs.heatmap import HeatmapCodec
from edgepose.runtime.skeleton import Skeleton


class Codec(Protocol):
    """How a network's maps stand for keypoints: of one person (`HeatmapCodec`) or of everybody (`BodyPartCodec`).

    `output` is what a model calls its maps, `sees_everybody` which of the two it is. What encodes and decodes differs
    by how many people there are.
    """

    @property
    def output(self) -> str:
        """The name of a model's output."""
        ...

    @property
    def sees_everybody(self) -> bool:
        """Whether the maps are of all people in a picture, and not of one in a crop."""
        ...

    @property
    def input_wh(self) -> tuple[int, int]:
        """Width and height of the crop."""
        ...

    @property
    def map_wh(self) -> tuple[int, int]:
        """Width and height of the maps."""
        ...

    @property
    def stride(self) -> float:
        """Crop pixels per map cell."""
        ...

    @property
    def sigma_px(self) -> float:
        """The standard deviation of a keypoint's Gaussian in crop pixels."""
        ...

    def maps_of(self, skeleton: Skeleton) -> int:
        """Return how many maps a skeleton has; raises `EdgeposeError` for one that the codec does not know."""
        ...

    def flip_order(self, skeleton: Skeleton) -> Sequence[int]:
        """Return the map of each map's mirror image."""
        ...

    def decode_batch(self, maps: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return keypoints in crop pixels and scores of maps (N, C, H, W), for each of N pictures.

        They are (N, K, 2) and (N, K) of one person, (N, P, K, 2) and (N, P, K) of everybody: whoever is not found is
        NaN and scores 0, and P is as many as there are in the fullest picture.
        """
        ...

    def to_dict(self) -> dict[str, Any]:
        """Return the codec as JSON values; `codec_from_dict` undoes it."""
        ...


_READERS: dict[str, Callable[[Mapping[str, Any]], Codec]] = {
    "heatmap": HeatmapCodec.from_dict,
    "body-parts": BodyPartCodec.from_dict,
}
"""How the codec of each kind is read."""


def codec_from_dict(values: Mapping[str, Any]) -> Codec:
    """Build the codec that a card or checkpoint describes.

    Raises `EdgeposeError` when its kind is unknown, or a key missing, unknown or of another kind.
    """
    kind = values.get("kind")
    if not isinstance(kind, str) or kind not in _READERS:
        raise EdgeposeError(f"unknown kind of codec {kind!r}; known: {', '.join(_READERS)}")
    return _READERS[kind](values)


def of_one_person(codec: Codec, name: str) -> HeatmapCodec:
    """Return the codec of a network that sees one person in a crop; `name` is the model's in the error.

    Raises `EdgeposeError` for another.
    """
    if not isinstance(codec, HeatmapCodec):
        raise EdgeposeError(f"{name} sees everybody in a picture; expected a model of one person in a crop")
    return codec


def of_everybody(codec: Codec, name: str) -> BodyPartCodec:
    """Return the codec of a network that sees everybody in a picture; `name` is the model's in the error.

    Raises `EdgeposeError` for another.
    """
    if not isinstance(codec, BodyPartCodec):
        raise EdgeposeError(f"{name} sees one person in a crop; expected a model of everybody in a picture")
    return codec
