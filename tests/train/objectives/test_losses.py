"""The losses of heatmaps, against the papers' formulas written out."""

from collections.abc import Callable

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor
from torch.nn.functional import interpolate

from edgepose.train.objectives.losses import partial_mse, weighted_mse

SIDES = st.integers(1, 24)


def maps(sides: tuple[int, int], seed: int) -> Tensor:
    return torch.rand(3, 4, *sides, generator=torch.Generator().manual_seed(seed))


def resized_error(outputs: Tensor, targets: Tensor) -> Tensor:
    """Resize, subtract, square, as the papers say it."""
    large = interpolate(outputs, size=targets.shape[2:], mode="bilinear", align_corners=False)
    return (large - targets).square().mean(dim=(2, 3))


WEIGHTS = torch.tensor([[1.0, 1, 0, 0.5], [0, 0, 0, 0], [1, 1, 1, 1]])


def partial_written_out(outputs: list[Tensor], targets: Tensor) -> Tensor:
    annotated = (WEIGHTS > 0).sum(1).clamp(min=1)
    return sum(((resized_error(o, targets) * WEIGHTS).sum(1) / annotated).mean() for o in outputs)  # type: ignore[return-value]


def weighted_written_out(outputs: list[Tensor], targets: Tensor) -> Tensor:
    return sum(0.5 * (resized_error(o, targets) * WEIGHTS).mean() for o in outputs)  # type: ignore[return-value]


@pytest.mark.parametrize(
    ("loss", "written_out"), [(partial_mse, partial_written_out), (weighted_mse, weighted_written_out)]
)
@given(coarse=st.tuples(SIDES, SIDES), fine=st.tuples(SIDES, SIDES))
def test_outputs_of_any_size_cost_what_the_paper_says(
    loss: Callable[..., Tensor],
    written_out: Callable[..., Tensor],
    coarse: tuple[int, int],
    fine: tuple[int, int],
) -> None:
    """Value and gradient are those of resized maps, though nothing is resized."""
    targets = maps(fine, 0)
    outputs, same = ([maps(coarse, 1).requires_grad_(), maps(fine, 2).requires_grad_()] for _ in range(2))
    found, expected = loss(outputs, targets, WEIGHTS), written_out(same, targets)
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-6)
    found.backward()
    expected.backward()
    for one, other in zip(outputs, same, strict=True):
        torch.testing.assert_close(one.grad, other.grad, rtol=1e-3, atol=1e-6)


@pytest.mark.parametrize("loss", [partial_mse, weighted_mse])
def test_an_image_whose_labels_are_all_doubted_alike_teaches_less(loss: Callable[..., Tensor]) -> None:
    targets, outputs = maps((8, 8), 0), [maps((8, 8), 1)]
    sure = loss(outputs, targets, torch.ones(3, 4))
    torch.testing.assert_close(loss(outputs, targets, torch.full((3, 4), 0.25)), 0.25 * sure)


def test_coarse_outputs_are_measured_in_full_precision_under_autocast() -> None:
    targets, coarse = maps((16, 16), 0), maps((4, 4), 1)
    exact = weighted_mse([coarse], targets, WEIGHTS)
    with torch.autocast("cpu", torch.bfloat16):
        assert weighted_mse([coarse], targets, WEIGHTS) == exact
