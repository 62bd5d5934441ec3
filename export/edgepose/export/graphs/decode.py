"""The codec's decode as a graph: heatmaps in, keypoints out, so that an app needs no code of its own for it."""

import torch
from torch import Tensor, nn

from edgepose.runtime.codecs.heatmap import LEAST_DETERMINANT, LEAST_RESPONSE, HeatmapCodec
from edgepose.runtime.geometry import cells_to_pixels

_STEEP = 2.0**15
"""The largest power of two in half precision, which phones' GPUs compute in: a larger number is infinite there."""


class HeatmapDecoder(nn.Module):
    """Heatmaps (N, K, h, w) float32 -> keypoints (N, K, 3): x and y in crop pixels, and the score in [0, 1].

    Equal to `HeatmapCodec.decode`, of finite maps in which cells differ by 1e-13 or not at all; of equal peaks the
    first in reading order counts, as there. Built from sums, products and extremes of floats alone: comparisons, argmax
    and gathers are what engines leave to slow kernels, or answer ties and integers of 64 bits differently. In half
    precision nothing is infinite or undefined either; the keypoints are as coarse as its numbers, an eighth of a pixel
    beyond pixel 128.
    """

    rows: Tensor
    columns: Tensor
    limits: Tensor
    derivatives: Tensor
    inner: Tensor
    lowest: Tensor
    highest: Tensor

    def __init__(self, codec: HeatmapCodec) -> None:
        super().__init__()
        self.codec = codec
        self._radius = codec.blur_radius if codec.refine == "dark" else 0
        self._falloff = -1 / (2 * codec.blur_sigma_cells**2)
        # the sum of a blur's weights, in each direction, is left in: it changes no derivative of the logarithm
        weights = torch.exp(torch.arange(-self._radius, self._radius + 1) ** 2 * self._falloff)
        self._least = LEAST_RESPONSE * float(weights.sum()) ** 2
        width, height = codec.map_wh
        reach = torch.tensor([-1.0, 0.0, 1.0, 0.0]).view(4, 1)
        self.register_buffer("rows", torch.arange(height) - reach, persistent=False)
        self.register_buffer("columns", (torch.arange(width) - reach[:3]).T.contiguous(), persistent=False)
        edge = self._radius**2 + 1.0
        self.register_buffer("limits", torch.tensor([edge, edge, edge, 1.0]).view(4, 1), persistent=False)
        self.register_buffer("derivatives", _newton_rows(), persistent=False)
        self.register_buffer("inner", torch.tensor([width - 1.5, height - 1.5]), persistent=False)
        right, bottom = codec.input_wh
        self.register_buffer("lowest", torch.tensor([-0.5, -0.5, 0.0]), persistent=False)
        self.register_buffer("highest", torch.tensor([right - 0.5, bottom - 0.5, 1.0]), persistent=False)

    def forward(self, heatmaps: Tensor) -> Tensor:
        """Return the keypoints."""
        highest_of_rows = heatmaps.amax(3)
        score = highest_of_rows.amax(2, keepdim=True)
        y = _first(highest_of_rows, score, self.rows[1])
        lines = torch.matmul(self._weights(self.rows, self.limits, y), heatmaps)
        # the blurred line above, on and below the peak's, and the peak's own
        blurred, own = torch.split(lines, [3, 1], dim=2)
        own = own.squeeze(2)
        x = _first(own, own.amax(2, keepdim=True), self.columns[:, 1])
        cells = torch.cat([x, y], dim=2)
        if self.codec.refine != "none":
            across = self._weights(self.columns, self.limits[0], x)
            cells = cells + self._offset(torch.matmul(blurred, across), cells)
        pixels = cells_to_pixels(cells, self.codec.stride)
        # only scores get here: LiteRT leaves a clamp to 0 and 1, by numbers, out of its fast kernels
        return torch.minimum(torch.maximum(torch.cat([pixels, score], dim=2), self.lowest), self.highest)

    def _weights(self, lines: Tensor, limits: Tensor, at: Tensor) -> Tensor:
        """Return the blur (N, K, m, n) about cells (N, K, 1), of `lines` (m, n), cut off at its squared `limits`.

        The distance is cut there as well, because exponentials that underflow are slow.
        """
        distance = lines - at.unsqueeze(3)
        squared = torch.minimum(distance * distance, limits)
        return torch.exp(squared * self._falloff) * (limits - squared).clamp(max=1.0)

    def _offset(self, patch: Tensor, cells: Tensor) -> Tensor:
        """Return what to add to cells (N, K, 2) for patches (N, K, 3, 3) about them: nothing at the map's border."""
        inside = [cells - 0.5, self.inner - cells]
        patch = patch.flatten(2)
        if self.codec.refine == "quarter":
            _, up, _, left, _, right, _, down, _ = torch.split(patch, 1, dim=2)
            steps = torch.cat([right - left, down - up], dim=2)
            return _sign(steps) * (_all_above_zero(inside) * 0.25)
        log = torch.log(patch.clamp(min=self._least)).unsqueeze(2)
        a, b, c, d, xx = torch.split((log * self.derivatives).sum(3), [3, 3, 3, 3, 1], dim=2)
        newton, determinant = torch.split(a * b - c * d, [2, 1], dim=2)
        is_peak = _all_above_zero([determinant - LEAST_DETERMINANT, -xx, *inside])
        # what is no peak is divided by 1 or more: 0 times what a division by 0 gives would be no number
        return (newton / (determinant.relu() + (1 - is_peak))).clamp(-1.0, 1.0) * is_peak


def _first(values: Tensor, highest: Tensor, positions: Tensor) -> Tensor:
    """Return the first of `positions` (n,) at which `values` (N, K, n) have their `highest` (N, K, 1)."""
    beyond = float(positions.numel())
    return (_sign(highest - values) * beyond + positions).amin(2, keepdim=True)


def _all_above_zero(values: list[Tensor]) -> Tensor:
    """Return 1 where all of several (N, K, m) are above 0, else 0: (N, K, 1)."""
    # the other way round, LiteRT's converter makes a clamp to 0 and 1 of the two, and see above
    return _sign(torch.cat(values, dim=2).amin(2, keepdim=True).relu())


def _sign(values: Tensor) -> Tensor:
    """Return 1 where values are above 0, by 1e-13 at least, -1 where they are below, and 0 where they are 0."""
    for _ in range(3):
        values = (values * _STEEP).clamp(-1.0, 1.0)
    return values


def _newton_rows() -> Tensor:
    """Return the (13, 9) matrix that makes a, b, c, d (3 each) and xx of a flat patch of logarithms.

    a * b - c * d is the Newton step times the determinant, in x and y, and the determinant.
    """
    x, y, xx, yy, xy = torch.zeros(5, 3, 3)
    x[1, 2], x[1, 0] = 0.5, -0.5
    y[2, 1], y[0, 1] = 0.5, -0.5
    xx[1, 2], xx[1, 1], xx[1, 0] = 1.0, -2.0, 1.0
    yy[2, 1], yy[1, 1], yy[0, 1] = 1.0, -2.0, 1.0
    xy[2, 2], xy[0, 0], xy[2, 0], xy[0, 2] = 0.25, 0.25, -0.25, -0.25
    rows = (xy, xy, xx, y, x, yy, yy, xx, xy, x, y, xy, xx)
    return torch.stack(rows).reshape(13, 9)
