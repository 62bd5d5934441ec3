"""How people are made of a bottom-up network's maps, drawn: keypoints, limbs, and who they are."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from edgepose.runtime.arrays import Array, FloatArray, ImageArray
from edgepose.runtime.codecs.body_part import BodyPartCodec
from edgepose.runtime.drawing import draw_poses, person_colour
from edgepose.runtime.geometry import transform_points
from edgepose.runtime.poses import Poses
from edgepose.train.data.crowds import neck_between_shoulders
from edgepose.train.pictures.tiles import table, tile

_TILE_PX = 300
COLUMNS = ("picture", "keypoint maps", "limb maps", "people")


@dataclass(frozen=True)
class Crowd:
    """A picture as a network sees it, uint8 BGR (H, W, 3), and its maps (C, h, w)."""

    view_bgr: ImageArray
    maps: FloatArray


def maps_of_labels(keypoints: FloatArray, affine: Array, codec: BodyPartCodec) -> FloatArray:
    """Return the maps (C, h, w) that a network should make of labelled people (P, K, 2) in a picture.

    The affine (2, 3) leads to its input. The neck is the middle of the shoulders, as in training.
    """
    return codec.encode(transform_points(affine, neck_between_shoulders(keypoints, codec.parts.skeleton)))


def draw_grouping(crowds: Sequence[Crowd], codec: BodyPartCodec) -> ImageArray:
    """Return a picture (H, W, 3) BGR with a row for each crowd and the columns of `COLUMNS`.

    Every keypoint and every limb has a colour of its own; people have those of their numbers.
    """
    return table(COLUMNS, (_row(crowd, codec) for crowd in crowds), _TILE_PX)


def _row(crowd: Crowd, codec: BodyPartCodec) -> list[ImageArray]:
    dark = crowd.view_bgr // 3
    pictures = (
        crowd.view_bgr,
        _over(dark, crowd.maps[codec.parts.keypoint_maps]),
        _over(dark, crowd.maps[: len(codec.parts.limbs)]),
        draw_poses(dark, people_of(crowd.maps, codec), threshold=codec.rule.peak),
    )
    return [tile(picture, _TILE_PX, cv2.INTER_AREA) for picture in pictures]


def people_of(maps: FloatArray, codec: BodyPartCodec) -> Poses:
    """Return everybody whom the codec finds in maps (C, h, w), numbered from 1, in pixels of the input."""
    return Poses.of_keypoints(codec.parts.skeleton, *codec.decode(maps)).numbered(1)


def _over(dark_bgr: ImageArray, maps: FloatArray) -> ImageArray:
    """Return a picture lit by maps (M, h, w), each in a colour of its own; of several, the strongest."""
    strongest = maps.argmax(axis=0)
    colours = np.array([person_colour(number) for number in range(len(maps))], np.float32)
    light = colours[strongest] * np.clip(maps.max(axis=0), 0, 1)[..., None]
    size_wh = dark_bgr.shape[1], dark_bgr.shape[0]
    lit = cv2.resize(light, size_wh, interpolation=cv2.INTER_LINEAR) + dark_bgr
    shown: ImageArray = np.clip(lit, 0, 255).astype(np.uint8)
    return shown
