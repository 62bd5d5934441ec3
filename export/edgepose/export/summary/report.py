"""What an export was: one row a file, as `export.json` and the table show it."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from edgepose.export.errors import ExportError
from edgepose.export.proof.clip_parity import ClipParity
from edgepose.export.proof.timing import Timing


@dataclass(frozen=True)
class Row:
    """One file. `path` is relative to the folder of export.json, `size_bytes` counts the weights.

    `raw_difference`, `keypoint_error_px` and `score_error` are how far it is from torch. `p50_ms` and `runs_in`, the
    arithmetic by the engine's own word, are None where it was not run here, and `not_run` says in a few words why.
    `excluded_layers` are those that int8 has in floating point. `clip` is how far it is from torch on the clip that was
    asked for.
    """

    format: str
    precision: str
    path: str
    sha256: str
    size_bytes: int
    raw_difference: float
    keypoint_error_px: float
    score_error: float
    metric: float
    drop: float
    p50_ms: float | None
    not_run: str | None
    runs_in: str | None
    excluded_layers: tuple[str, ...]
    clip: ClipParity | None = None


@dataclass(frozen=True)
class Recommendation:
    """The file to use on a device, and one sentence of why."""

    path: str
    why: str


@dataclass(frozen=True)
class ExportReport:
    """A whole export: `rows` of the files that passed, `failures` of those that did not, `timings` by path.

    `original` is torch's metric in percent on `validation`, of `people` people. `notes` are lines worth knowing: which
    int8 is slower than fp32, what to run on the device.
    """

    model: str
    device: str
    metric: str
    original: float
    validation: str
    people: int
    calibration: str | None
    rows: tuple[Row, ...]
    timings: Mapping[str, Timing]
    recommended: Recommendation | None
    notes: tuple[str, ...]
    failures: tuple[str, ...]

    def raise_failures(self) -> None:
        """Raise `ExportError` if a file is missing: it could not be made, or was not good enough."""
        if self.failures:
            raise ExportError("; ".join(self.failures))

    def to_dict(self) -> dict[str, Any]:
        """Return `export.json`'s value."""
        return {
            "model": self.model,
            "device": self.device,
            "metric": self.metric,
            "original": self.original,
            "validation": self.validation,
            "people": self.people,
            "calibration": self.calibration,
            "rows": [asdict(row) | {"excluded_layers": list(row.excluded_layers)} for row in self.rows],
            "timing": {path: asdict(timing) for path, timing in self.timings.items()},
            "recommended": asdict(self.recommended) if self.recommended else None,
            "notes": list(self.notes),
            "failures": list(self.failures),
        }

    def to_json(self) -> str:
        """Return `export.json`'s text."""
        return json.dumps(self.to_dict(), indent=1, allow_nan=False) + "\n"
