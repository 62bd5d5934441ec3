"""What a card tells of its training, epoch by epoch, and how that is drawn."""

import json
import math
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgepose.profiles.errors import EdgeposeError
from edgepose.runtime.drawing import Colour, person_colour
from edgepose.train.checkpoints.curve import training_curve
from edgepose.train.pictures.curves import Axis, draw_curves
from support.tiny_card import tiny_card
from support.trained_cards import training

TWO_RUNS = training(
    [0.003, 0.002],
    [50.0, 60.0],
    config={"validate": "lspet:lspet:holdout"},
    start_from=training([0.009, 0.006, 0.004], start_from={"progress": {"epoch": 5, "seconds": 1.0}}),
)


def test_runs_that_started_from_each_other_are_one_curve() -> None:
    curve = training_curve(tiny_card(provenance=TWO_RUNS))
    assert [(each.epoch, each.run) for each in curve.epochs] == [(1, 1), (2, 1), (3, 1), (4, 2), (5, 2)]
    assert [each.loss for each in curve.epochs] == [0.009, 0.006, 0.004, 0.003, 0.002]
    assert [each.accuracy for each in curve.epochs] == [None, None, None, 50.0, 60.0]
    assert [each.seconds for each in curve.epochs] == [60, 120, 180, 60, 120]
    assert (curve.metric, curve.validated_on) == ("PCK@0.2", "lspet:lspet:holdout")


def test_the_rate_is_the_schedules() -> None:
    rates = [each.learning_rate for each in training_curve(tiny_card(provenance=training([1.0] * 10))).epochs]
    assert all(a > b > 0 for a, b in pairwise(rates) if a is not None and b is not None)
    assert rates[-1] == pytest.approx(0.01 * 1.5e-3)
    unknown = {name: value for name, value in training([1.0]).items() if name != "recipe"}
    assert training_curve(tiny_card(provenance=unknown)).epochs[0].learning_rate is None


def test_an_accuracy_that_was_no_number_is_none() -> None:
    curve = training_curve(tiny_card(provenance=training([1.0, 0.5], [math.nan, 40.0])))
    assert [each.accuracy for each in curve.epochs] == [None, 40.0]
    json.dumps(curve.to_dict(), allow_nan=False)


@pytest.mark.parametrize(
    ("provenance", "message"),
    [
        ({"data": ["none"]}, "the card of tiny keeps no training curve; give a checkpoint"),
        ({"progress": {"epoch": 6, "best_pck": 59.5, "seconds": 1.0}}, "keeps no training curve"),
        ({"progress": {"curve": [{"epoch": 1}]}}, "the training curve of tiny is malformed .*'loss'"),
        ({"progress": {"curve": [3]}}, "the training curve of tiny is malformed"),
    ],
)
def test_a_card_without_one_is_a_clear_error(provenance: dict[str, object], message: str) -> None:
    with pytest.raises(EdgeposeError, match=message):
        training_curve(tiny_card(provenance=provenance))


@given(low=st.floats(-1e3, 1e3), span=st.floats(0, 1e4), ticks=st.integers(2, 12))
def test_the_lines_of_an_axis_hold_all_values(low: float, span: float, ticks: int) -> None:
    axis = Axis.around(low, low + span, ticks)
    within = 1e-6 * (abs(low) + span) + 1e-9
    assert axis.low - within <= low <= low + span <= axis.high + within
    assert 2 <= len(axis.ticks) <= ticks + 2
    assert all(a < b for a, b in pairwise(axis.ticks))
    assert (axis.share(axis.low), axis.share(axis.high)) == (0, 1)


def lines_of(colour: Colour, picture: np.ndarray) -> np.ndarray:
    """Return where a curve's colour is, below the legend: row and column of each pixel."""
    return np.argwhere((picture[60:] == [part * 3 // 4 for part in colour]).all(axis=-1))


def test_each_panel_shows_what_the_curves_have() -> None:
    curve = training_curve(tiny_card(provenance=TWO_RUNS))
    bare = replace(curve, epochs=tuple(replace(e, accuracy=None, learning_rate=None) for e in curve.epochs))
    both, losses = draw_curves([curve]), draw_curves([bare])
    legend = draw_curves([bare, bare]).shape[0] - losses.shape[0]
    panel = losses.shape[0] - legend
    assert both.shape == (3 * panel + legend, losses.shape[1], 3)
    assert np.array_equal(both[legend : panel + legend], losses[legend:])


def test_a_falling_loss_falls_and_several_curves_have_their_own_colours() -> None:
    falling = training_curve(tiny_card(provenance=training([5.0, 4.0, 3.0, 2.0, 1.0])))
    rising = replace(falling, epochs=tuple(replace(e, loss=6 - e.loss) for e in falling.epochs))
    picture = draw_curves([falling, rising])
    first, second = (lines_of(person_colour(number), picture[:280]) for number in (0, 1))
    for pixels, sign in ((first, 1), (second, -1)):
        assert sign * np.corrcoef(pixels.T)[0, 1] > 0.9
