"""No file that is worse than its tolerances: int8 leaves layers in floating point until it is not, or there is none."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from edgepose.export.errors import ParityError
from edgepose.export.formats import Exporter, exporter_of
from edgepose.export.original import Original
from edgepose.export.proof.parity import METRIC, Parity, measure_parity
from edgepose.export.proof.tolerances import tolerance_of
from edgepose.export.quantise.search import fewest
from edgepose.export.request import QUANTISED
from edgepose.runtime.model_files.card import AccuracyFigure
from edgepose.train.evaluation.prediction import predictor_of


@dataclass(frozen=True)
class Proven:
    """A finished file that is within its tolerances, and the layers that it has in floating point by name."""

    format: str
    precision: str
    path: Path
    parity: Parity
    excluded: tuple[str, ...]


@dataclass(frozen=True)
class _Attempt:
    """A model in memory, and how good it is."""

    model: Any
    parity: Parity
    excluded: tuple[str, ...]


class Guard:
    """Makes the files of one network in a folder.

    The layers that one format's int8 had to leave out are where the next one starts, so that all of them share a list
    as far as they can.
    """

    def __init__(
        self,
        original: Original,
        folder: Path,
        *,
        calibration: str | None,
        search: bool,
        on_step: Callable[[str], None],
    ) -> None:
        self._original, self._calibration = original, calibration
        self._folder = folder
        self._search = search
        self._on_step = on_step
        self._left_out = 0

    def make(self, name: str, precision: str) -> Proven:
        """Return the file of a format and precision.

        Raises `ParityError`, naming the layers that hurt most, when it is over a tolerance.
        """
        exporter = exporter_of(name, precision)
        attempt = self._attempt(exporter, precision, self._excluded(self._left_out) if precision in QUANTISED else ())
        problems = self._problems(exporter, precision, attempt)
        if problems and precision in QUANTISED and self._search:
            attempt = self._searched(exporter, precision, problems)
        elif problems:
            raise self._error(name, precision, problems)
        return self._finished(exporter, precision, attempt)

    def _excluded(self, number: int) -> tuple[str, ...]:
        """Return the user's layers and so many of those that int8 hurts most."""
        harms = self._original.by_harm[:number] if number else []
        return (*self._original.excluded, *(harm.layer for harm in harms))

    def _attempt(self, exporter: Exporter, precision: str, excluded: tuple[str, ...]) -> _Attempt:
        original = self._original
        model = exporter.convert(original.source, precision, original.calibration_rgb, excluded)
        path = exporter.save(model, self._folder, exporter.card(original.card, precision))
        with exporter.open_exact(path) as session:
            parity = measure_parity(predictor_of(session), original.reference)
        if precision == "fp16" and exporter.computes_in_half:
            # x86 CPUs round nothing between the layers, as the device will: that is simulated
            in_half = original.in_half
            if original.source.decoder is not None:
                in_half = replace(in_half, raw=parity.raw)  # of scores, where that is of maps
            parity = parity.or_worse(in_half)
        return _Attempt(model, parity, excluded)

    def _problems(self, exporter: Exporter, precision: str, attempt: _Attempt, *, surely: bool = False) -> list[str]:
        reference = self._original.reference
        limits = tolerance_of(exporter.format, precision, reference.points_of_one)
        return attempt.parity.problems(limits, reference.codec, surely=surely)

    def _searched(self, exporter: Exporter, precision: str, problems: list[str]) -> _Attempt:
        """Return the attempt that leaves out the fewest layers of those that pass.

        At most half of them: with more it would be int8 by name only. A pass counts with the drop's standard error on
        top, because among several attempts chance would pick the lucky one.
        """
        self._check_people(exporter.format, precision, problems)
        layers = len(self._original.by_harm)
        passed: dict[int, _Attempt] = {}

        def passes(number: int) -> bool:
            self._on_step(f"{exporter.format} {precision}: {number} of {layers} layers in floating point")
            attempt = self._attempt(exporter, precision, self._excluded(number))
            found = self._problems(exporter, precision, attempt, surely=True)
            if found:
                problems[:] = found
            else:
                passed.clear()  # the earlier one left out more, and models are large
                passed[number] = attempt
            return not found

        number = fewest(passes, self._left_out, layers // 2)
        if number is None:
            raise self._error(
                exporter.format, precision, problems, f", even with {layers // 2} of {layers} layers in floating point"
            )
        self._left_out = number
        return passed[number]

    def _check_people(self, name: str, precision: str, problems: list[str]) -> None:
        """Raise `ParityError` where one keypoint is more than the budget: any list of layers could pass by chance."""
        reference = self._original.reference
        counted = int(reference.counted.sum())
        if reference.points_of_one > tolerance_of(name, precision).drop:
            how = f", and the {counted} keypoints of the validation are too few to search by"
            raise self._error(name, precision, problems, how, "more people to --validate")

    def _error(self, name: str, precision: str, problems: list[str], how: str = "", first: str = "") -> ParityError:
        hint = ""
        if precision != "fp32":
            worst = self._original.worst(precision)
            hint = "; most hurt by " + ", ".join(f"{harm.layer} ({harm.change:.1%})" for harm in worst)
        return ParityError(
            f"{name} {precision} of {self._original.card.name} is not as good as torch{how}: {', '.join(problems)}"
            f"{hint}; no such file was left: {advice(precision, first, search=self._search)}"
        )

    def _finished(self, exporter: Exporter, precision: str, attempt: _Attempt) -> Proven:
        """Write the file again, with what is known of it by now in its card."""
        crops = self._original.reference.crops
        card = exporter.card(self._original.card, precision)
        figure = AccuracyFigure(crops.data, METRIC, precision, round(attempt.parity.metric, 3), crops.pictures)
        fitted = {"calibration": self._calibration, "calibrated_with": len(self._original.calibration_rgb)}
        of_export = {
            **card.provenance["export"],
            **(fitted if precision == "int8" else {"calibration": None, "calibrated_with": 0}),
            "excluded_layers": list(attempt.excluded),
        }
        provenance = {**card.provenance, "export": of_export}
        card = replace(card, accuracy=(*card.accuracy, figure), provenance=provenance)
        path = exporter.save(attempt.model, self._folder, card)
        return Proven(exporter.format, precision, path, attempt.parity, attempt.excluded)


def advice(precision: str, first: str = "", *, search: bool) -> str:
    """Return what to try where a precision is not good enough: `first`, then what has a part in that precision.

    >>> advice("dynamic-int8", search=False)
    'give layers to --exclude, --search, or take another precision'
    """
    if precision not in QUANTISED:
        return "take another precision"
    calibration = "other data to --calibrate" if precision == "int8" else ""
    layers = "layers to --exclude" if search else "layers to --exclude, --search"
    return f"give {', '.join(filter(None, (first, calibration, layers)))}, or take another precision"
