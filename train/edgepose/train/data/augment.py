"""From a person in an image to a training crop: one affine warp, colour, occlusion, and crops that are badly cut."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from edgepose.runtime.arrays import Array, FloatArray, ImageArray
from edgepose.runtime.geometry import crop_affine, fit_box_xyxy, transform_points, warp_crop
from edgepose.runtime.plumbing.field_checks import Ranges, check_numbers, check_range, check_values
from edgepose.runtime.skeleton import Skeleton
from edgepose.train.data.part_labels import UNKNOWN, mirrored_values
from edgepose.train.data.pose_dataset import Sample

_MIRRORED = mirrored_values()
_RANGES: Ranges = {
    "padding": (0.01, math.inf),
    "rotation_deg": (0, 180),
    "shift": (0, math.inf),
    "shear": (0, math.inf),
    "colour": (0, 2),
    **dict.fromkeys(("mirror", "occlude", "badly_cut", "empty", "half_body", "whole_picture"), (0, 1)),
}

_LOWER_BODY = ("hip", "knee", "ankle")
_ENOUGH_FOR_A_HALF = 4


@dataclass(frozen=True)
class AugmentConfig:
    """How much a crop is varied.

    `scale` factors of the box, `rotation_deg` to either side, `shift` in boxes to either side, `shear` of x by y to
    either side, `colour` strength; the others are probabilities. A badly cut crop is shifted and scaled far beyond
    what an estimator should see; its joints outside the crop have empty maps, so that their scores fall. Half a body
    is somebody above the hips, or from them down. A whole picture, instead of a crop about
    somebody, is for networks that see everybody.
    """

    padding: float = 1.25
    scale: tuple[float, float] = (0.75, 1.35)
    rotation_deg: float = 45.0
    shift: float = 0.08
    shear: float = 0.0
    colour: float = 0.25
    mirror: float = 0.5
    occlude: float = 0.3
    badly_cut: float = 0.08
    empty: float = 0.05
    half_body: float = 0.0
    whole_picture: float = 0.0

    def __post_init__(self) -> None:
        check_values(self, _RANGES)
        check_numbers("scale", self.scale, 2)
        check_range("the first scale, the least", self.scale[0], 0.01, math.inf)
        check_range("the second scale, the most", self.scale[1], self.scale[0], math.inf)


@dataclass(frozen=True)
class Crop:
    """One training example: `image_rgb` (h, w, 3), `keypoints_crop` (K, 2), `weights` (K,).

    A NaN or outside keypoint means an empty map; its weight says whether that is known (1) or nothing is (0).
    `part_mask` uint8 (h, w), where the data has one, holds values of `part_labels`. `clean_rgb` are the same crop at
    other sizes, where they are asked for, in the colours of the picture and with nothing covered.
    """

    image_rgb: ImageArray
    keypoints_crop: FloatArray
    weights: FloatArray
    part_mask: ImageArray | None = None
    clean_rgb: tuple[ImageArray, ...] = ()


def plain_crop(sample: Sample, input_wh: tuple[int, int], padding: float) -> tuple[Crop, Array]:
    """Return the crop an estimator would see, unvaried, and its affine (2, 3)."""
    affine = crop_affine(fit_box_xyxy(sample.box_xyxy, input_wh[0] / input_wh[1], padding), input_wh)
    return _cut(sample, input_wh, affine), affine


def training_crop(
    sample: Sample,
    skeleton: Skeleton,
    input_wh: tuple[int, int],
    config: AugmentConfig,
    rng: np.random.Generator,
    clean_wh: Sequence[tuple[int, int]] = (),
) -> Crop:
    """Return a varied crop of a person, and clean ones of the sizes that are asked for."""
    mirror = bool(rng.random() < config.mirror)
    box = sample.box_xyxy
    if config.half_body > 0 and rng.random() < config.half_body:
        box = half_body_box_xyxy(sample, skeleton, upper=bool(rng.random() < 0.5))
    affine = random_affine(box, input_wh, config, rng, mirror=mirror)
    crop = _cut(sample, input_wh, affine)
    keypoints, weights, mask = crop.keypoints_crop, crop.weights, crop.part_mask
    if mirror:
        order = list(skeleton.flip_order)
        keypoints, weights = keypoints[order], weights[order]
        mask = None if mask is None else cv2.LUT(mask, _MIRRORED)
    image = recolour(crop.image_rgb, config.colour, rng)
    if rng.random() < config.occlude:
        rows, columns = occlude_part(image, rng)
        if mask is not None:
            mask[rows, columns] = UNKNOWN
    return Crop(image, keypoints, weights, mask, clean_crops(sample.image_bgr, affine, input_wh, clean_wh))


def clean_crops(
    image_bgr: ImageArray, affine: Array, input_wh: tuple[int, int], clean_wh: Sequence[tuple[int, int]]
) -> tuple[ImageArray, ...]:
    """Return what a crop's affine (2, 3) shows of an image in crops of other sizes, RGB; see `within`."""
    crops = (warp_crop(image_bgr, combine(within(input_wh, size), affine), size) for size in clean_wh)
    return tuple(cv2.cvtColor(crop, cv2.COLOR_BGR2RGB) for crop in crops)


def clean_copies(image_rgb: ImageArray, clean_wh: Sequence[tuple[int, int]]) -> tuple[ImageArray, ...]:
    """Return a crop as it is in crops of other sizes, RGB; see `within`."""
    height, width = image_rgb.shape[:2]
    return tuple(warp_crop(image_rgb, within((width, height), size), size) for size in clean_wh)


def within(inner_wh: tuple[int, int], outer_wh: tuple[int, int]) -> Array:
    """Return the affine (2, 3) from pixels of a crop to those of another, whose middle it fills as far as it can."""
    factor = min(outer / inner for outer, inner in zip(outer_wh, inner_wh, strict=True))
    middles = np.array([(side - 1) / 2 for side in (*inner_wh, *outer_wh)])
    return np.column_stack([factor * np.eye(2), middles[2:] - factor * middles[:2]])


def combine(second: Array, first: Array) -> Array:
    """Return the affine (2, 3) that is one after another."""
    both: Array = second @ np.vstack([first, [0.0, 0.0, 1.0]])
    return both


def half_body_box_xyxy(sample: Sample, skeleton: Skeleton, *, upper: bool) -> FloatArray:
    """Return the box (4,) of somebody above the hips, or from them down; the whole one with too few labels there."""
    below = np.array([joint.endswith(_LOWER_BODY) for joint in skeleton.joints])
    keypoints = sample.keypoints[sample.labelled & (below != upper)]
    if len(keypoints) < _ENOUGH_FOR_A_HALF:
        return sample.box_xyxy
    low, high = keypoints.min(axis=0), keypoints.max(axis=0)
    # a half is narrow where limbs hang down, and its joints are not the ends of it
    margin = 0.15 * (high - low).max()
    return np.concatenate([low - margin, high + margin]).astype(np.float32)


def empty_crop(
    background_bgr: ImageArray,
    keypoints: int,
    input_wh: tuple[int, int],
    config: AugmentConfig,
    rng: np.random.Generator,
) -> Crop:
    """Return a varied crop of a picture with nobody in it: every map is known to be empty."""
    resized = cv2.cvtColor(cv2.resize(background_bgr, input_wh, interpolation=cv2.INTER_AREA), cv2.COLOR_BGR2RGB)
    image = recolour(resized[:, :: -1 if rng.random() < config.mirror else 1].copy(), config.colour, rng)
    nobody = np.zeros(image.shape[:2], np.uint8)
    return Crop(image, np.full((keypoints, 2), np.nan, np.float32), np.ones(keypoints, np.float32), nobody)


def _cut(sample: Sample, input_wh: tuple[int, int], affine: Array) -> Crop:
    image = warp_crop(sample.image_bgr, affine, input_wh)
    cv2.cvtColor(image, cv2.COLOR_BGR2RGB, dst=image)
    keypoints = transform_points(affine, sample.keypoints)
    mask = sample.part_mask
    if mask is not None:
        mask = cv2.warpAffine(mask, affine, input_wh, flags=cv2.INTER_NEAREST)
    return Crop(image, keypoints, np.asarray(np.isfinite(keypoints).all(axis=1), np.float32), mask)


def random_affine(
    box_xyxy: FloatArray,
    input_wh: tuple[int, int],
    config: AugmentConfig,
    rng: np.random.Generator,
    *,
    mirror: bool,
) -> Array:
    """Return the affine (2, 3) of a varied crop about a box (4,)."""
    badly_cut = rng.random() < config.badly_cut
    scale = rng.uniform(0.35, 2.2) if badly_cut else rng.uniform(*config.scale)
    shift = rng.uniform(-0.6, 0.6, 2) if badly_cut else rng.uniform(-config.shift, config.shift, 2)
    box = fit_box_xyxy(box_xyxy, input_wh[0] / input_wh[1], config.padding * scale)
    side = np.array([box[2] - box[0], box[3] - box[1]])
    moved = box + np.tile(shift * side, 2)
    rotation = rng.uniform(-config.rotation_deg, config.rotation_deg) if rng.random() < 0.7 else 0.0
    affine = crop_affine(moved, input_wh, rotation, mirror=mirror)
    return _sheared(affine, rng.uniform(-config.shear, config.shear), input_wh) if config.shear > 0 else affine


def _sheared(affine: Array, shear: float, input_wh: tuple[int, int]) -> Array:
    """Return an affine (2, 3) whose crop is sheared about its middle line: x grows by `shear` for each y below it."""
    middle = (input_wh[1] - 1) / 2
    leaning: Array = np.array([[1.0, shear], [0.0, 1.0]]) @ affine
    leaning[0, 2] -= shear * middle
    return leaning


def recolour(image: ImageArray, strength: float, rng: np.random.Generator) -> ImageArray:
    """Vary brightness, contrast, gamma and tint by one table per channel; one in ten is grey. 0 leaves it as it is."""
    if strength == 0:
        return image
    ramp = np.arange(256, dtype=np.float32) / 255
    gamma, contrast = np.exp(rng.uniform(-strength, strength, 2))
    brightness = rng.uniform(-strength, strength) * 0.5
    tint = rng.uniform(1 - strength / 2, 1 + strength / 2, 3)
    curve = (ramp**gamma - 0.5) * contrast + 0.5 + brightness
    table = np.clip(255 * curve[:, None] * tint, 0, 255).round().astype(np.uint8)
    if rng.random() < 0.1:
        image = cv2.cvtColor(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
    return cv2.LUT(image, table.reshape(1, 256, 3))  # type: ignore[no-any-return]


def occlude_part(image: ImageArray, rng: np.random.Generator) -> tuple[slice, slice]:
    """Cover a random rectangle with one colour or with another part of the picture, in place; return where it is."""
    height, width = image.shape[:2]
    h, w = (int(rng.uniform(0.1, 0.35) * side) for side in (height, width))
    y, x, from_y, from_x = (int(rng.integers(limit)) for limit in (height - h, width - w, height - h, width - w))
    patch = image[from_y : from_y + h, from_x : from_x + w].copy()
    image[y : y + h, x : x + w] = patch if rng.random() < 0.5 else rng.integers(0, 256, 3)
    return slice(y, y + h), slice(x, x + w)
