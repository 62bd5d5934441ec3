"""What a network of everybody sees of one person: the way its maps teach a network of one person in a crop."""

import numpy as np
import torch
from torch import Tensor

from edgepose.runtime.arrays import FloatArray
from edgepose.runtime.codecs.body_part import BodyPartCodec


def without_others(maps: Tensor, codec: BodyPartCodec) -> Tensor:
    """Return maps (N, C, H, W) in which no keypoint is left of anybody but the person nearest the middle of each crop.

    Where the Gaussian of another person's keypoint is higher than that of the same keypoint of theirs, the map is as
    much lower. What belongs to nobody whom grouping finds stays.
    """
    people = [codec.decode(of_crop)[0] for of_crop in maps.cpu().numpy()]
    lower = np.stack([_of_others(codec, of_crop) for of_crop in people])
    alone = maps.clone()
    alone[:, codec.parts.keypoint_maps] *= 1 - torch.from_numpy(lower).to(maps.device)
    return alone


def _of_others(codec: BodyPartCodec, people: FloatArray) -> FloatArray:
    """Return how much higher the keypoint maps (K, H, W) of all others are than those of the person in the middle."""
    apart_px = np.linalg.norm(np.nanmean(people, axis=1) - (np.array(codec.input_wh) - 1) / 2, axis=-1)
    middle = apart_px.argsort()[:1]
    own, others = codec.encode(people[middle]), codec.encode(np.delete(people, middle, axis=0))
    higher: FloatArray = np.maximum(others - own, 0)[codec.parts.keypoint_maps]
    return higher
