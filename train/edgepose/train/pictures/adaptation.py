"""What PIL's parsing does to its pose features, for one picture: before, after, and the kernels in between."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import torch
from torch import nn
from torch.nn.functional import interpolate

from edgepose.profiles.errors import EdgeposeError
from edgepose.runtime.arrays import Array, FloatArray, ImageArray
from edgepose.train.data.part_labels import PART_CLASSES
from edgepose.train.networks import DeployNetwork
from edgepose.train.networks.pil import PIL, AdaptiveConvolution
from edgepose.train.pictures.tiles import table, tile

_TILE_PX = 160
_KERNELS = 4
"""So many kernels in a row and in a column."""
COLUMNS = ("crop", "parsing", "maps before", "maps after", "features", "what is added", "kernels")


@dataclass(frozen=True)
class Adaptation:
    """Of one crop: `parts` uint8 (H, W); the rest at a quarter of its size.

    `maps_before` (K, h, w) is what the classifier would make of `features` (C, h, w), `maps_after` what it makes of
    their sum with `added` (C, h, w); `kernels` (C, k, l) are those of the adaptive convolution.
    """

    parts: ImageArray
    maps_before: FloatArray
    maps_after: FloatArray
    features: FloatArray
    added: FloatArray
    kernels: FloatArray


@torch.no_grad()
def adaptation_of(network: nn.Module, image_rgb: ImageArray) -> Adaptation:
    """Return what happens to a crop uint8 RGB (H, W, 3) in a network, which is put into inference mode.

    Raises `EdgeposeError` for a network without an adaptive convolution.
    """
    if not isinstance(network, PIL) or not network.config.parses_apart:
        raise EdgeposeError("only pil with fusion=adaptive adapts its features to the parsing; give such a checkpoint")
    fuse = network.fuse
    if not isinstance(fuse, AdaptiveConvolution):
        raise EdgeposeError(f"this pil has fusion={network.config.fusion}, no kernels; give one with fusion=adaptive")
    deployed = DeployNetwork(network).eval()
    images = deployed.normalised(torch.from_numpy(np.ascontiguousarray(image_rgb))[None])
    features, parsing = network.pose(images)[0], network.parsing(images)[0]
    adapted = fuse(features, parsing)
    scores = network.classes(parsing)[:, : len(PART_CLASSES)]
    parts = interpolate(scores, size=images.shape[2:], mode="bilinear", align_corners=False).argmax(dim=1)
    before, after = (network.heatmaps(f)[0, : network.keypoints].numpy() for f in (features, adapted))
    return Adaptation(
        parts[0].to(torch.uint8).numpy(),
        before,
        after,
        features[0].numpy(),
        (adapted - features)[0].numpy(),
        fuse.adapter(parsing)[0].numpy(),
    )


def draw_adaptations(images_rgb: Sequence[ImageArray], adaptations: Sequence[Adaptation]) -> ImageArray:
    """Return a picture (H, W, 3) BGR with a row for each crop and the columns of `COLUMNS`."""
    return table(COLUMNS, (_row(*each) for each in zip(images_rgb, adaptations, strict=True)), _TILE_PX)


def _row(image_rgb: ImageArray, adaptation: Adaptation) -> tuple[ImageArray, ...]:
    image = _tile(cv2.cvtColor(image_rgb, cv2.COLOR_RGB2BGR))
    strongest = max(float(adaptation.features.mean(axis=0).max()), 1e-6)
    return (
        image,
        _tile(_part_colours()[adaptation.parts], smooth=False),
        _over(image, adaptation.maps_before.max(axis=0)),
        _over(image, adaptation.maps_after.max(axis=0)),
        _heat(adaptation.features.mean(axis=0) / strongest),
        _heat(np.abs(adaptation.added).mean(axis=0) / strongest),
        _mosaic(adaptation.kernels),
    )


def _tile(picture: ImageArray, *, smooth: bool = True) -> ImageArray:
    return tile(picture, _TILE_PX, cv2.INTER_LINEAR if smooth else cv2.INTER_NEAREST)


def _part_colours() -> ImageArray:
    """Return a colour BGR for each class, black for the background."""
    hues = np.linspace(0, 180, len(PART_CLASSES) - 1, endpoint=False).astype(np.uint8)
    # neighbours in the list, left and right among them, are far apart in colour
    shuffled = hues[(np.arange(len(hues)) * 5) % len(hues)]
    hsv = np.stack([shuffled, np.full_like(hues, 190), np.full_like(hues, 230)], axis=1)
    return np.concatenate([np.zeros((1, 3), np.uint8), cv2.cvtColor(hsv[None], cv2.COLOR_HSV2BGR)[0]])


def _over(tile_bgr: ImageArray, values: FloatArray) -> ImageArray:
    """Return a tile darkened but where a map (h, w) of 0 to 1 is high."""
    heat = cv2.applyColorMap(_tile(_grey(values))[:, :, 0], cv2.COLORMAP_INFERNO)
    return cv2.addWeighted(tile_bgr, 0.35, heat, 0.8, 0.0)  # type: ignore[no-any-return]


def _heat(values: FloatArray) -> ImageArray:
    return _tile(cv2.applyColorMap(_grey(values)[:, :, 0], cv2.COLORMAP_VIRIDIS))


def _grey(values: Array) -> ImageArray:
    """Return values of 0 to 1 (h, w) as grey pixels (h, w, 3)."""
    return np.repeat((255 * np.clip(values, 0, 1)).astype(np.uint8)[..., None], 3, axis=2)


def _mosaic(kernels: FloatArray) -> ImageArray:
    """Return the kernels (C, k, l) of the most energy side by side, blue below zero and red above."""
    chosen = np.sort(np.argsort(-np.square(kernels).sum(axis=(1, 2)), kind="stable")[: _KERNELS**2])
    cells = []
    for kernel in kernels[chosen]:
        share = kernel / max(float(np.abs(kernel).max()), 1e-9)
        white = 1 - np.abs(share)
        bgr = np.stack([np.where(share < 0, 1, white), white, np.where(share > 0, 1, white)], axis=2)
        enlarged = cv2.resize((255 * bgr).astype(np.uint8), (36, 36), interpolation=cv2.INTER_NEAREST)
        cells.append(cv2.copyMakeBorder(enlarged, 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=(120, 120, 120)))
    rows = [np.hstack(cells[i : i + _KERNELS]) for i in range(0, len(cells), _KERNELS)]
    return _tile(np.vstack(rows), smooth=False)
