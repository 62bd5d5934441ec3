"""The losses of the papers: squared error of heatmaps, joints without a label left out."""

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn.functional import interpolate


def _squared_error(outputs: Tensor, targets: Tensor) -> Tensor:
    """Return the mean squared error of each map: (N, K); outputs are resized to the targets' cells."""
    if outputs.shape[2:] == targets.shape[2:]:
        return (outputs.float() - targets).square().mean(dim=(2, 3))
    with torch.autocast(outputs.device.type, enabled=False):
        return _squared_error_resized(outputs.float(), targets)


def _squared_error_resized(small: Tensor, targets: Tensor) -> Tensor:
    """Return |D S A' - T|^2 of each map, a mean, where D S A' is S resized bilinearly.

    It comes from S's own few cells: S . (D'D S A'A - 2 D'T A) + |T|^2. So a coarse output of RePose costs next to
    nothing; resizing it and its gradient took longer than making it.
    """
    down, across = (
        interpolate(torch.eye(have, device=small.device)[None], want, mode="linear", align_corners=False)[0].T
        for have, want in zip(small.shape[2:], targets.shape[2:], strict=True)
    )
    overlap = (down.T @ down) @ small @ (across.T @ across)
    wanted = down.T @ targets @ across
    energy = torch.linalg.vector_norm(targets, dim=(2, 3)).square()
    error: Tensor = ((small * (overlap - 2 * wanted)).sum(dim=(2, 3)) + energy) / targets[0, 0].numel()
    return error


def partial_mse(outputs: Sequence[Tensor], targets: Tensor, weights: Tensor) -> Tensor:
    """RePose's loss (section 4): per image, the mean over its annotated joints, summed over the outputs.

    `outputs` each (N, K, h, w), `targets` (N, K, H, W), `weights` (N, K) -> a scalar. A joint of little
    weight counts as annotated: an image whose labels are all doubted alike teaches less, and not the same.
    """
    annotated = (weights > 0).sum(dim=1).clamp(min=1)
    per_image = [((_squared_error(o, targets) * weights).sum(dim=1) / annotated).mean() for o in outputs]
    return torch.stack(per_image).sum()


def weighted_mse(outputs: Sequence[Tensor], targets: Tensor, weights: Tensor) -> Tensor:
    """PPNet's loss (section 3.4): half the squared error, weighted by joint, summed over the modules.

    Shapes as in `partial_mse`.
    """
    return torch.stack([0.5 * (_squared_error(o, targets) * weights).mean() for o in outputs]).sum()


FOCAL_SHIFT_RESPONSE, FOCAL_SHIFT_EMPTY = 0.1, 0.02
"""Alpha and beta of the focal L2 loss: so far from right counts as right already."""


def focal_l2(maps: Tensor, targets: Tensor, weights: Tensor, *, focal: bool = True, threshold: float = 0.01) -> Tensor:
    """Return Simple Pose's loss (section 4.3): each cell's squared error times its squared distance from right.

    `maps` and `targets` (N, C, h, w); `weights` broadcasts to them -> (N,), sums over maps and cells. A cell has a
    response where its target is above `threshold`. Without `focal`, the plain squared error.
    """
    maps, weighted = maps.float(), (maps.float() - targets).square() * weights
    if focal:
        right = torch.where(targets > threshold, maps - FOCAL_SHIFT_RESPONSE, 1 - maps - FOCAL_SHIFT_EMPTY)
        weighted = weighted * (1 - right).square()
    return weighted.sum(dim=(1, 2, 3))


def doubtful(maps: Tensor, targets: Tensor) -> Tensor:
    """Return how firmly maps contradict targets, from 0 to 1 for each joint: (N, K); both are (N, K, H, W).

    It is the squared error in units of the target's own energy, less one: an empty map is one such unit away from its
    target and contradicts nothing, a peak as high as the target's but elsewhere is two away, the far tail of the
    losses. Where the target is empty, nothing is doubted.
    """
    energy = targets.square().mean(dim=(2, 3))
    ratio = _squared_error(maps, targets) / energy.clamp(min=1e-12)
    return torch.where(energy > 0, (ratio - 1).clamp(0, 1), 0.0)
