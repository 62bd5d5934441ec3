"""What an export is asked for, and every target that a list of formats and precisions stands for."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from edgepose.export.errors import ExportError
from edgepose.export.formats import TARGETS, exporter_of
from edgepose.train.data import DataSpec

ALL = "all"
DEFAULT_DATA = "synthetic:200"
QUANTISED = ("int8", "dynamic-int8")
"""The precisions that an accuracy can be lost by, and that leave layers out to keep it."""


@dataclass(frozen=True)
class ExportRequest:
    """What to export: `targets` are (format, precision) pairs.

    `calibrate` and `validate` name data as `open_dataset` takes it. `limit` bounds the people of each. `device` is a
    profile: files are timed and recommended for it. `exclude` names layers that int8 leaves in floating point, as
    `chosen_layers` takes them; `search` lets it leave out more where it loses too much. With `decode`, files give
    keypoints instead of heatmaps. Through the frames of a `clip`, a recording, every file is compared with torch too.
    """

    checkpoint: Path
    targets: Sequence[tuple[str, str]]
    out: Path
    calibrate: str | None = None
    validate: str | None = None
    limit: int = 1000
    device: str = "auto"
    runs: int = 100
    exclude: Sequence[str] = ()
    search: bool = True
    decode: bool = False
    clip: str | None = None

    @property
    def validated_on(self) -> str:
        """What to compare on: as asked, else the calibration's people, but of rendered ones others than it sees."""
        if self.validate is not None or self.calibrate is None:
            return self.validate or DEFAULT_DATA
        calibration = DataSpec.parse(self.calibrate)
        if calibration.kind != "synthetic":
            return self.calibrate
        seed, _, kind = calibration.split.partition(":")
        return str(replace(calibration, split=f"{int(seed or 0) + 1}{kind and ':'}{kind}"))

    @property
    def has_int8(self) -> bool:
        """Whether a file of it is fitted to the calibration's people."""
        return "int8" in {precision for _, precision in self.targets}

    def __post_init__(self) -> None:
        for name, precision in self.targets:
            exporter_of(name, precision).require_tools()
        precisions = {precision for _, precision in self.targets}
        for option, data in (("--calibrate", self.calibrate), ("--validate", self.validate)):
            if data is not None and not data.strip():
                raise ExportError(f"{option} is empty; is the variable set that was to name the data?")
        if self.calibrate is None and self.has_int8:
            raise ExportError(
                f"int8 needs data to calibrate with; give --calibrate kind:path[:split], or {DEFAULT_DATA} for "
                "rendered people"
            )
        if self.exclude and not precisions & set(QUANTISED):
            raise ExportError(f"--exclude is for int8, found {', '.join(sorted(precisions))}; add it to --precision")


def targets_of(formats: Sequence[str], precisions: Sequence[str]) -> list[tuple[str, str]]:
    """Return every (format, precision) pair of two lists; the format `all` stands for every one.

    A format skips a precision that another one of the list has. Raises `ExportError` listing what exists for a format
    that is unknown, or a precision that none of the formats has.
    """
    for name in formats:
        if name not in (ALL, *TARGETS):
            raise ExportError(f"unknown format {name!r}; known: {', '.join((ALL, *TARGETS))}")
    names = list(TARGETS) if ALL in formats else list(formats)
    known = list(dict.fromkeys(precision for name in names for precision in TARGETS[name].precisions))
    for precision in precisions:
        if precision not in known:
            raise ExportError(f"unknown precision {precision!r} for {', '.join(names)}; known: {', '.join(known)}")
    return [(name, precision) for name in names for precision in precisions if precision in TARGETS[name].precisions]
