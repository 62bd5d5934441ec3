"""Training curves, drawn: loss, accuracy and learning rate over the epochs."""

import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from edgepose.runtime.arrays import ImageArray
from edgepose.runtime.drawing import SHIFT, Colour, person_colour
from edgepose.train.checkpoints.curve import Epoch, TrainingCurve
from edgepose.train.pictures.canvas import BLACK, write

_WIDTH, _HEIGHT, _LEGEND = 860, 250, 24
_LEFT, _RIGHT, _TOP, _BOTTOM = 84, 24, 34, 30
_GREY: Colour = (215, 215, 215)


@dataclass(frozen=True)
class Axis:
    """The range of an axis, and where its lines are."""

    low: float
    high: float
    ticks: tuple[float, ...]

    @classmethod
    def around(cls, low: float, high: float, ticks: int, *, whole: bool = False) -> "Axis":
        """Return an axis whose lines are at round numbers, about `ticks` of them, the first and last at its ends.

        >>> Axis.around(0.3, 4.1, 5).ticks
        (0.0, 1.0, 2.0, 3.0, 4.0, 5.0)
        """
        span = max(high - low, abs(high) * 1e-3, 1e-9)
        power = 10.0 ** math.floor(math.log10(span / ticks))
        step = next(power * factor for factor in (1, 2, 5, 10) if power * factor * ticks >= span * 0.999)
        step = max(step, 1.0) if whole else step
        first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
        places = tuple(step * number for number in range(first, max(last, first + 1) + 1))
        return cls(places[0], places[-1], places)

    def share(self, value: float) -> float:
        """Return where a value lies between the axis' ends, 0 to 1."""
        return (value - self.low) / (self.high - self.low)


def draw_curves(curves: Sequence[TrainingCurve]) -> ImageArray:
    """Return a picture (H, W, 3) BGR of one or several trainings, each in a colour of its own.

    One panel each for the loss, the accuracy and the learning rate, the last two where one of the curves has them.
    Where a run started from another's weights, a vertical line stands.
    """
    panels: tuple[tuple[str, Callable[[Epoch], float | None]], ...] = (
        ("mean loss", lambda epoch: epoch.loss),
        (_accuracy_title(curves), lambda epoch: epoch.accuracy),
        ("learning rate at the end of an epoch", lambda epoch: epoch.learning_rate),
    )
    epochs = Axis.around(0, max(len(curve.epochs) for curve in curves), 12, whole=True)
    drawn = [_panel(title, curves, value_of, epochs) for title, value_of in panels]
    return np.vstack([_legend(curves), *(panel for panel in drawn if panel is not None)])


def _accuracy_title(curves: Sequence[TrainingCurve]) -> str:
    metrics, data = ({getattr(curve, name) for curve in curves} for name in ("metric", "validated_on"))
    told = " / ".join(sorted(metrics)) + " in percent"
    return f"{told}, {data.pop()}" if len(data) == 1 and None not in data else told


def _legend(curves: Sequence[TrainingCurve]) -> ImageArray:
    picture = np.full((_LEGEND * len(curves), _WIDTH, 3), 255, np.uint8)
    for number, curve in enumerate(curves):
        hours = sum(run[-1].seconds for run in _runs(curve)) / 3600
        y = _LEGEND * number + 14
        cv2.line(picture, (_LEFT, y), (_LEFT + 24, y), _colour(number), 3, cv2.LINE_AA)
        write(picture, f"{curve.model}, {len(curve.epochs)} epochs, {hours:.1f} h", (_LEFT + 32, y + 5))
    return picture


def _runs(curve: TrainingCurve) -> list[list[Epoch]]:
    return [list(run) for _, run in itertools.groupby(curve.epochs, key=lambda epoch: epoch.run)]


def _panel(
    title: str, curves: Sequence[TrainingCurve], value_of: Callable[[Epoch], float | None], epochs: Axis
) -> ImageArray | None:
    """Return the panel of one quantity; None where no curve has it."""
    lines = [
        (number, [(epoch.epoch, value) for epoch in run if (value := value_of(epoch)) is not None])
        for number, curve in enumerate(curves)
        for run in _runs(curve)
    ]
    values = [value for _, points in lines for _, value in points]
    if not values:
        return None
    axis = Axis.around(min(values), max(values), 5)
    picture = _grid(title, epochs, axis)
    for curve in curves:
        for run in _runs(curve)[1:]:
            x, _ = _place(epochs.share(run[0].epoch - 0.5), 0)
            cv2.line(picture, (x >> SHIFT, _TOP), (x >> SHIFT, _HEIGHT - _BOTTOM), BLACK, 1)
    for number, points in lines:
        places = [_place(epochs.share(epoch), axis.share(value)) for epoch, value in points]
        for a, b in itertools.pairwise(places):
            cv2.line(picture, a, b, _colour(number), 2, cv2.LINE_AA, SHIFT)
        for place in places:
            cv2.circle(picture, place, 3 << SHIFT, _colour(number), -1, cv2.LINE_AA, SHIFT)
    return picture


def _grid(title: str, epochs: Axis, axis: Axis) -> ImageArray:
    picture = np.full((_HEIGHT, _WIDTH, 3), 255, np.uint8)
    write(picture, title, (_LEFT, 22))
    write(picture, "epoch", (8, _HEIGHT - 10))
    digits = max(0, -math.floor(math.log10(axis.ticks[1] - axis.ticks[0]) + 1e-9))
    for tick in axis.ticks:
        y = _place(0, axis.share(tick))[1] >> SHIFT
        cv2.line(picture, (_LEFT, y), (_WIDTH - _RIGHT, y), _GREY, 1)
        write(picture, f"{tick:.{digits}f}", (8, y + 5))
    for tick in epochs.ticks:
        x = _place(epochs.share(tick), 0)[0] >> SHIFT
        cv2.line(picture, (x, _TOP), (x, _HEIGHT - _BOTTOM), _GREY, 1)
        write(picture, f"{tick:.0f}", (x - 5, _HEIGHT - 10))
    return picture


def _place(across: float, up: float) -> tuple[int, int]:
    """Return a place within the axes, given in shares of them, in sixteenths of a pixel."""
    x = _LEFT + across * (_WIDTH - _LEFT - _RIGHT)
    y = _HEIGHT - _BOTTOM - up * (_HEIGHT - _TOP - _BOTTOM)
    return round(x * 2**SHIFT), round(y * 2**SHIFT)


def _colour(number: int) -> Colour:
    """Return a colour that is seen on white."""
    blue, green, red = person_colour(number)
    return blue * 3 // 4, green * 3 // 4, red * 3 // 4
