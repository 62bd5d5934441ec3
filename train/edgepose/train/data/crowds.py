"""Training examples of networks that see everybody: a varied crop about one person, with all others and who is unknown.

Li et al., "Simple Pose", section 5.1.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
from torch.utils.data import Dataset

from edgepose.profiles.errors import EdgeposeError
from edgepose.runtime.arrays import Array, FloatArray, ImageArray
from edgepose.runtime.body_parts import BodyParts
from edgepose.runtime.codecs.body_part import BodyPartCodec
from edgepose.runtime.geometry import image_box_xyxy, transform_points, warp_crop
from edgepose.runtime.skeleton import Skeleton
from edgepose.train.data import WeightedDataset
from edgepose.train.data.augment import AugmentConfig, clean_copies, clean_crops, occlude_part, random_affine, recolour
from edgepose.train.data.crops import Draw
from edgepose.train.data.pose_dataset import Picture, picture_in_skeleton


@dataclass(frozen=True)
class CrowdCrop:
    """One training example: `image_rgb` (h, w, 3), `keypoints_crop` (P, K, 2), NaN where unlabelled.

    Shares of map cells, float32 (H, W): `people` where anybody is, `known` where everybody who is there is labelled.
    `maps_known` float32 (C,) is 1 for the maps that the labels tell of, else 0. `clean_rgb` as `augment.Crop` has it.
    """

    image_rgb: ImageArray
    keypoints_crop: FloatArray
    people: FloatArray
    known: FloatArray
    maps_known: FloatArray
    clean_rgb: tuple[ImageArray, ...] = ()


def neck_between_shoulders(keypoints: FloatArray, skeleton: Skeleton) -> FloatArray:
    """Return keypoints (..., K, 2) with the neck in the middle of the shoulders, if both are labelled, else NaN.

    Data sets mean different things by a neck; so all of them mean the same.
    """
    placed = keypoints.copy()
    shoulders = [skeleton.index("l_shoulder"), skeleton.index("r_shoulder")]
    placed[..., skeleton.index("neck"), :] = keypoints[..., shoulders, :].mean(axis=-2)
    return placed


def known_maps(parts: BodyParts, joints_known: Array, *, masks: bool) -> FloatArray:
    """Return which maps (C,) labels of some joints (K,) tell of: 1, else 0.

    A limb needs both ends, the map of all keypoints needs all, the neck its shoulders, that of people masks.
    """
    skeleton, known = parts.skeleton, np.array(joints_known, bool)
    known[skeleton.index("neck")] = known[[skeleton.index("l_shoulder"), skeleton.index("r_shoulder")]].all()
    limbs = known[np.array(parts.limb_rows)].all(axis=1)
    return np.array([*limbs, *known, masks, known.all()], np.float32)


def crowd_crop(
    picture: Picture,
    row: int,
    codec: BodyPartCodec,
    config: AugmentConfig,
    rng: np.random.Generator,
    clean_wh: Sequence[tuple[int, int]] = (),
) -> CrowdCrop:
    """Return a varied crop about the person in a row of a picture, and clean ones of the sizes that are asked for.

    With the probability `whole_picture` it is of all of the picture, whose keypoints are of the codec's skeleton.
    """
    skeleton = codec.parts.skeleton
    mirror = bool(rng.random() < config.mirror)
    affine = _varied_view(picture, row, codec.input_wh, config, rng, mirror=mirror)
    image = warp_crop(picture.image_bgr, affine, codec.input_wh)
    cv2.cvtColor(image, cv2.COLOR_BGR2RGB, dst=image)
    keypoints = transform_points(affine, neck_between_shoulders(picture.keypoints, skeleton))
    joints_known = picture.joints_known
    if mirror:
        flipped = list(skeleton.flip_order)
        keypoints, joints_known = keypoints[:, flipped], joints_known[flipped]
    image = recolour(image, config.colour, rng)
    if rng.random() < config.occlude:
        occlude_part(image, rng)
    masks = picture.people is not None
    people = np.zeros_like(picture.known) if picture.people is None else picture.people
    # nobody is beyond the picture, and that is known
    known = _in_cells(picture.known, affine, codec, beyond=255)
    maps_known = known_maps(codec.parts, joints_known, masks=masks)
    anybody = _in_cells(people, affine, codec, beyond=0)
    clean = clean_crops(picture.image_bgr, affine, codec.input_wh, clean_wh)
    return CrowdCrop(image, keypoints, anybody, known, maps_known, clean)


def _varied_view(
    picture: Picture,
    row: int,
    input_wh: tuple[int, int],
    config: AugmentConfig,
    rng: np.random.Generator,
    *,
    mirror: bool,
) -> Array:
    """Return the affine (2, 3) of a varied crop about somebody, or of the whole picture: there, people are small."""
    if config.whole_picture > 0 and rng.random() < config.whole_picture:
        box = image_box_xyxy(picture.image_bgr.shape[1], picture.image_bgr.shape[0])
        return random_affine(box, input_wh, replace(config, padding=1.0), rng, mirror=mirror)
    return random_affine(picture.boxes_xyxy[row], input_wh, config, rng, mirror=mirror)


def _in_cells(mask: ImageArray, affine: Array, codec: BodyPartCodec, beyond: int) -> FloatArray:
    """Return which share of each map cell (H, W) a mask (h, w) of a picture fills; `beyond` is its value outside."""
    warped = cv2.warpAffine(mask, affine, codec.input_wh, flags=cv2.INTER_NEAREST, borderValue=beyond)
    cells = cv2.resize(warped, codec.map_wh, interpolation=cv2.INTER_AREA)
    shares: FloatArray = cells.astype(np.float32) / np.float32(255)
    return shares


def empty_picture_crop(
    background_bgr: ImageArray, codec: BodyPartCodec, config: AugmentConfig, rng: np.random.Generator
) -> CrowdCrop:
    """Return a varied crop of a picture with nobody in it."""
    image = cv2.resize(background_bgr, codec.input_wh, interpolation=cv2.INTER_AREA)[:, :, ::-1]
    mirrored = np.ascontiguousarray(image[:, :: -1 if rng.random() < config.mirror else 1])
    nobody = np.zeros((0, len(codec.parts.skeleton), 2), np.float32)
    cells = np.zeros(codec.map_wh[::-1], np.float32)
    all_maps = np.ones(codec.parts.maps, np.float32)
    return CrowdCrop(recolour(mirrored, config.colour, rng), nobody, cells, np.ones_like(cells), all_maps)


class CrowdDataset(Dataset[CrowdCrop]):
    """`dataset[draw]` is a varied crop about a person, with everybody in it.

    Raises `EdgeposeError` for data without the joints of one limb.
    """

    def __init__(
        self,
        mix: list[WeightedDataset],
        codec: BodyPartCodec,
        config: AugmentConfig,
        clean_wh: Sequence[tuple[int, int]] = (),
    ) -> None:
        self._datasets = [part.dataset for part in mix]
        self._codec, self._config, self._clean_wh = codec, config, clean_wh
        for dataset in self._datasets:
            joints = {*dataset.skeleton.joints, "neck"}
            if not any(a in joints and b in joints for a, b in codec.parts.limbs):
                raise EdgeposeError(f"{dataset.name} has no two joints of a limb of {codec.parts.skeleton.name}")

    def __getitem__(self, draw: Draw) -> CrowdCrop:
        rng = np.random.default_rng(draw.seed)
        if rng.random() < self._config.empty:
            background = self._datasets[draw.dataset].background(rng)
            if background is not None:
                crop = empty_picture_crop(background, self._codec, self._config, rng)
                return replace(crop, clean_rgb=clean_copies(crop.image_rgb, self._clean_wh))
        picture, row = picture_in_skeleton(self._datasets[draw.dataset], draw.person, self._codec.parts.skeleton)
        return crowd_crop(picture, row, self._codec, self._config, rng, self._clean_wh)
