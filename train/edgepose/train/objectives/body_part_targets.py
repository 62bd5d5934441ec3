"""Targets of networks that see everybody, made where the network is: equal to `BodyPartCodec.encode`."""

import math

import torch
from torch import Tensor

from edgepose.runtime.codecs.body_part import CUT, BodyPartCodec
from edgepose.runtime.geometry import pixels_to_cells

_PEOPLE_AT_ONCE = 16
"""So many take a few hundred MB at 512 pixels."""


def body_part_targets(codec: BodyPartCodec, keypoints_crop: Tensor, image_of: Tensor, people: Tensor) -> Tensor:
    """Return the maps (N, C, H, W) of N images with the keypoints (M, K, 2) of all people, in crop pixels.

    Unlabelled keypoints are NaN; `image_of` (M,) is which image somebody is in. `people` (N, H, W) is where anybody is,
    0 to 1.
    """
    places = pixels_to_cells(keypoints_crop.float(), codec.stride)
    images, parts = len(people), codec.parts
    keypoints = places.new_zeros((images, len(parts.skeleton), *codec.map_wh[::-1]))
    limbs = places.new_zeros((images, len(parts.limbs), *codec.map_wh[::-1]))
    count = torch.zeros_like(limbs)
    for some, image in zip(*(torch.split(each, _PEOPLE_AT_ONCE) for each in (places, image_of)), strict=True):
        drawn = _keypoint_maps(codec, some)
        keypoints.scatter_reduce_(0, image[:, None, None, None].expand_as(drawn), drawn, "amax")
        drawn, inside = _limb_maps(codec, some)
        limbs.index_add_(0, image, drawn)
        count.index_add_(0, image, inside)
    any_keypoint = keypoints.amax(dim=1, keepdim=True)
    return torch.cat([limbs / count.clamp(min=1), keypoints, people[:, None].float(), any_keypoint], dim=1)


def _cells(codec: BodyPartCodec, like: Tensor) -> tuple[Tensor, Tensor]:
    """Return x (W,) and y (H, 1) of the map's cells."""
    width, height = (torch.arange(n, dtype=torch.float32, device=like.device) for n in codec.map_wh)
    return width, height[:, None]


def _keypoint_maps(codec: BodyPartCodec, places: Tensor) -> Tensor:
    """Return the Gaussians (M, K, H, W) about places (M, K, 2)."""
    x, y = _cells(codec, places)
    double_variance = 2 * (codec.keypoint_sigma_px / codec.stride) ** 2
    centre = places[..., None, None, :]
    across = torch.exp(-(x - centre[..., 0]).square() / double_variance)
    down = torch.exp(-(y - centre[..., 1]).square() / double_variance)
    value = across * down
    # of a NaN every comparison is false
    return torch.where(value >= CUT, value, 0.0)


def _limb_maps(codec: BodyPartCodec, places: Tensor) -> tuple[Tensor, Tensor]:
    """Return the limbs (M, L, H, W) between places (M, K, 2), and 1 where one is, else 0."""
    x, y = _cells(codec, places)
    sigma = codec.limb_sigma_px / codec.stride
    reach = sigma * math.sqrt(-2 * math.log(CUT))
    # not by a list of rows: it would go to a GPU first, which waits for that
    begins, ends = (
        torch.stack([places[:, row] for row in rows], dim=1)[:, :, None, None]
        for rows in zip(*codec.parts.limb_rows, strict=True)
    )
    limbs = ends - begins
    length = limbs.square().sum(dim=-1).sqrt()
    along = limbs / length[..., None]
    dx, dy = x - begins[..., 0], y - begins[..., 1]
    beside = dy * along[..., 0] - dx * along[..., 1]
    onward = dx * along[..., 0] + dy * along[..., 1]
    inside = (beside.abs() <= reach) & (onward >= -0.5) & (onward <= length + 0.5)
    value = torch.exp(-beside.square() / (2 * sigma**2))
    return torch.where(inside, value, 0.0), inside.to(value.dtype)
