"""A whole picture -> the keypoints of everybody in it.

Li et al., "Simple Pose", section 3.4. Asked for, mirrored and enlarged or reduced views of the picture are looked at
too, and their maps averaged before people are made of them.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Self

import cv2
import numpy as np

from edgepose.profiles.errors import EdgeposeError
from edgepose.runtime.arrays import Array, FloatArray, ImageArray
from edgepose.runtime.backends.base import Session
from edgepose.runtime.clock import StageClock
from edgepose.runtime.codecs import of_everybody
from edgepose.runtime.codecs.body_part import BodyPartCodec
from edgepose.runtime.errors import ModelError
from edgepose.runtime.geometry import (
    crop_affine,
    fit_box_xyxy,
    image_box_xyxy,
    invert_affine,
    transform_points,
    warp_crop,
)
from edgepose.runtime.poses import Poses

_TILE_STEP = 0.75
"""Tiles of an enlarged view overlap by a quarter at least."""


@dataclass(frozen=True)
class Views:
    """How a picture is looked at: at which `scales` of what fits the input, and with `flip` in the mirror as well.

    A scale above 1 takes several tiles. Every view is a run of the network.
    """

    scales: tuple[float, ...] = (1.0,)
    flip: bool = False

    def __post_init__(self) -> None:
        if not self.scales or not all(0.1 <= scale <= 8 for scale in self.scales):
            raise EdgeposeError(f"expected scales from 0.1 to 8, found {self.scales}")

    @classmethod
    def of_text(cls, scales: str, *, flip: bool = False) -> Self:
        """Read scales with commas between them.

        Raises `EdgeposeError` for anything else.
        """
        try:
            numbers = tuple(float(part) for part in scales.split(","))
        except ValueError as error:
            raise EdgeposeError(f"expected --scales as numbers with commas, as in 1,1.5; found {scales}") from error
        return cls(numbers, flip)


class BottomUpModel:
    """A session with what its card says about input and maps; pictures are warped straight into the input buffer.

    It finds `most_people`, where these are more than its card says, of those who score `least_score`, the card's
    presence threshold if not given. Raises `EdgeposeError` for a model of one person in a crop, and for views in the
    mirror of limbs that lack one.
    """

    def __init__(
        self, session: Session, views: Views = Views(), most_people: int = 1, least_score: float | None = None
    ) -> None:
        card = session.card
        codec = of_everybody(card.codec_object(), card.name)
        rule = replace(codec.rule, most_people=max(most_people, codec.rule.most_people))
        self._codec = replace(codec, rule=rule)
        if len(session.inputs) != 1 or [spec.name for spec in session.outputs] != [self._codec.output]:
            raise ModelError(f"{card.name} needs one image in and {self._codec.output} out; export it again")
        self.skeleton = card.skeleton_object()
        self._least_score = card.presence_threshold if least_score is None else least_score
        self._session, self._views = session, views
        self._input = session.inputs[0].name
        self._flip_order = list(self._codec.parts.flip_order) if views.flip else []
        width, height = card.input_wh
        self._view_bgr: ImageArray = np.empty((height, width, 3), np.uint8)
        self._input_rgb: ImageArray = np.empty((1, height, width, 3), np.uint8)

    def see(self, image_bgr: ImageArray, clock: StageClock) -> Poses:
        """Return everybody in an image (H, W, 3) who scores enough, the best first.

        A score is the mean over all joints, as of a top-down model; joints that were not found are NaN and score 0.
        """
        size_wh = image_bgr.shape[1], image_bgr.shape[0]
        if self._views == Views():
            window = fit_box_xyxy(image_box_xyxy(*size_wh), _aspect(self._codec.input_wh))
            maps, codec = self._maps(image_bgr, window, clock), self._codec
        else:
            codec = self._enlarged()
            window = fit_box_xyxy(image_box_xyxy(*size_wh), _aspect(codec.input_wh))
            maps = self._merged_maps(image_bgr, window, codec.map_wh, clock)
        with clock.stage("decode"):
            keypoints, scores = codec.decode(maps)
            to_frame = invert_affine(crop_affine(window, codec.input_wh))
            return self._poses(transform_points(to_frame, keypoints), scores)

    def _enlarged(self) -> BodyPartCodec:
        """Return the codec of maps that show what the largest view does."""
        factor = max(1.0, *self._views.scales)
        width, height = (round(factor * cells) for cells in self._codec.map_wh)
        stride = self._codec.stride
        return replace(self._codec, map_wh=(width, height), input_wh=(round(width * stride), round(height * stride)))

    def _merged_maps(
        self, image_bgr: ImageArray, window: FloatArray, map_wh: tuple[int, int], clock: StageClock
    ) -> FloatArray:
        """Return maps (C, h, w) of a window of the picture: the mean over the scales, each the mean of its tiles."""
        total = np.zeros((self._codec.parts.maps, map_wh[1], map_wh[0]), np.float32)
        for scale in self._views.scales:
            of_scale, weight = np.zeros_like(total), np.full(total.shape[1:], 1e-6, np.float32)
            for tile in _tiles(window, scale, _aspect(self._codec.input_wh)):
                maps = self._maps(image_bgr, tile, clock)
                if self._views.flip:
                    maps = np.float32(0.5) * (maps + self._maps(image_bgr, tile, clock, mirror=True))
                with clock.stage("decode"):
                    _add_tile(of_scale, weight, maps, _map_affine(tile, self._codec.map_wh, window, map_wh))
            total += of_scale / weight
        return total / np.float32(len(self._views.scales))

    def _maps(
        self, image_bgr: ImageArray, window: FloatArray, clock: StageClock, *, mirror: bool = False
    ) -> FloatArray:
        """Return the maps (C, h, w) of a window (4,) of the picture; those of the mirror are mirrored back."""
        with clock.stage("crop"):
            affine = crop_affine(window, self._codec.input_wh, mirror=mirror)
            view_bgr = warp_crop(image_bgr, affine, self._codec.input_wh, out=self._view_bgr)
            cv2.cvtColor(view_bgr, cv2.COLOR_BGR2RGB, dst=self._input_rgb[0])
        with clock.stage("infer"):
            maps: FloatArray = self._session.run({self._input: self._input_rgb})[self._codec.output][0]
        return maps[self._flip_order, :, ::-1] if mirror else maps

    def _poses(self, keypoints: FloatArray, keypoint_scores: FloatArray) -> Poses:
        scores = keypoint_scores.mean(axis=1)
        rows = np.flatnonzero(scores >= self._least_score)
        rows = rows[np.argsort(-scores[rows], kind="stable")]
        return Poses.of_keypoints(self.skeleton, keypoints[rows], keypoint_scores[rows])


def _aspect(size_wh: tuple[int, int]) -> float:
    return size_wh[0] / size_wh[1]


def _tiles(window: FloatArray, scale: float, aspect: float) -> Iterator[FloatArray]:
    """Yield boxes (4,) of `aspect` that cover a window (4,) and show it `scale` times as large as it fits."""
    low, sides = window[:2], window[2:] - window[:2]
    tile = np.array([max(sides[0], sides[1] * aspect), max(sides[1], sides[0] / aspect)]) / scale
    counts = 1 + np.ceil(np.maximum(sides - tile, 0) / (_TILE_STEP * tile) - 1e-6).astype(int)
    spare = np.where(counts > 1, 0, (sides - tile) / 2)
    for row in range(counts[1]):
        for column in range(counts[0]):
            share = np.array([column, row]) / np.maximum(counts - 1, 1)
            corner = low + spare + share * np.maximum(sides - tile, 0)
            yield np.concatenate([corner, corner + tile]).astype(np.float32)


def _map_affine(tile: FloatArray, tile_map_wh: tuple[int, int], window: FloatArray, map_wh: tuple[int, int]) -> Array:
    """Return the affine (2, 3) from the maps of a tile to those of the window that it is part of."""
    to_tile, to_window = crop_affine(tile, tile_map_wh), crop_affine(window, map_wh)
    whole = np.vstack([invert_affine(to_tile), [0, 0, 1]])
    affine: Array = to_window @ whole
    return affine


def _add_tile(total: FloatArray, weight: FloatArray, maps: FloatArray, affine: Array) -> None:
    """Add a tile's maps (C, h, w) to the maps (C, H, W) of the whole, and its weight; in place.

    A tile counts less toward its border, where it sees no more than a part of a person.
    """
    height, width = maps.shape[1:]
    across, down = (np.minimum(np.arange(n) + 1, n - np.arange(n)).astype(np.float32) for n in (width, height))
    own_weight = np.ascontiguousarray(np.minimum(across[None] / width, down[:, None] / height))
    size_wh = total.shape[2], total.shape[1]
    for place, part in enumerate(maps):
        total[place] += cv2.warpAffine(part * own_weight, affine, size_wh, flags=cv2.INTER_LINEAR)
    weight += cv2.warpAffine(own_weight, affine, size_wh, flags=cv2.INTER_LINEAR)
