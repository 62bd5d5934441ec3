"""Targets of networks that see everybody, made where the network is: equal to `BodyPartCodec.encode`."""

import math

import torch
from torch import Tensor

from edgepose.runtime.body_part_codec import CUT, BodyPartCodec
from edgepose.runtime.geometry import pixels_to_cells


def body_part_targets(codec: BodyPartCodec, keypoints_crop: Tensor, people: Tensor) -> Tensor:
    """Return the maps (N, C, H, W) of people (N, P, K, 2) in crop pixels, unlabelled keypoints and nobody being NaN.

    `people` (N, H, W) is where anybody is, 0 to 1.
    """
    places = pixels_to_cells(keypoints_crop.float(), codec.stride)
    keypoints = _keypoint_maps(codec, places)
    limbs = _limb_maps(codec, places)
    any_keypoint = keypoints.amax(dim=1, keepdim=True)
    return torch.cat([limbs, keypoints, people[:, None].float(), any_keypoint], dim=1)


def _cells(codec: BodyPartCodec, like: Tensor) -> tuple[Tensor, Tensor]:
    """Return x (W,) and y (H, 1) of the map's cells."""
    width, height = (torch.arange(n, dtype=torch.float32, device=like.device) for n in codec.map_wh)
    return width, height[:, None]


def _keypoint_maps(codec: BodyPartCodec, places: Tensor) -> Tensor:
    """Return (N, K, H, W): the nearest person's Gaussian, person after person, for the sake of memory."""
    x, y = _cells(codec, places)
    sigma = codec.keypoint_sigma_px / codec.stride
    maps = places.new_zeros((places.shape[0], places.shape[2], *codec.map_wh[::-1]))
    for person in places.unbind(dim=1):
        centre = person[..., None, None, :]
        square = (x - centre[..., 0]).square() + (y - centre[..., 1]).square()
        value = torch.exp(-square / (2 * sigma**2))
        # of a NaN every comparison is false
        maps = torch.where(value >= CUT, torch.maximum(maps, value), maps)
    return maps


def _limb_maps(codec: BodyPartCodec, places: Tensor) -> Tensor:
    """Return (N, L, H, W): the mean of the limbs that pass through a cell."""
    x, y = _cells(codec, places)
    sigma = codec.limb_sigma_px / codec.stride
    reach = sigma * math.sqrt(-2 * math.log(CUT))
    # not by a list of rows: it would go to a GPU first, which waits for that
    a, b = (
        torch.stack([places[:, :, row] for row in rows], dim=2) for rows in zip(*codec.parts.limb_rows, strict=True)
    )
    total = places.new_zeros((places.shape[0], a.shape[2], *codec.map_wh[::-1]))
    count = torch.zeros_like(total)
    begins, limbs = a[:, :, :, None, None], (b - a)[:, :, :, None, None]
    for begin, limb in zip(begins.unbind(dim=1), limbs.unbind(dim=1), strict=True):
        length = limb.square().sum(dim=-1).sqrt()
        along = limb / length[..., None]
        dx, dy = x - begin[..., 0], y - begin[..., 1]
        beside = dy * along[..., 0] - dx * along[..., 1]
        onward = dx * along[..., 0] + dy * along[..., 1]
        inside = (beside.abs() <= reach) & (onward >= -0.5) & (onward <= length + 0.5)
        total = torch.where(inside, total + torch.exp(-beside.square() / (2 * sigma**2)), total)
        count = count + inside
    return total / count.clamp(min=1)
