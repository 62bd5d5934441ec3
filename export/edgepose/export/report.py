"""What an export was: one row a file, as `export.json` and the table show it."""

import json
from dataclasses import asdict, dataclass
from typing import Any

from edgepose.export.errors import ExportError
from edgepose.runtime.backends.base import EngineInfo
from edgepose.runtime.profiling.distribution import Distribution


@dataclass(frozen=True)
class Row:
    """One file. `path` is relative to the folder of export.json, `size` in bytes with the weights, `p50` in ms."""

    format: str
    precision: str
    path: str
    sha256: str
    size: int
    parity: float
    px: float
    metric: float
    drop: float
    p50: float


@dataclass(frozen=True)
class Timing:
    """The network alone on a device's profile, and how the engine ran it, as it says itself."""

    network_ms: Distribution
    engine: EngineInfo

    @property
    def fps(self) -> float:
        """Return frames per second of the network alone, at its median."""
        return 1e3 / self.network_ms.p50


@dataclass(frozen=True)
class ExportReport:
    """A whole export: `rows` and `timings` of the files that passed, `failures` of those that did not.

    `original` is torch's metric in percent on `validation`, of `people` people.
    """

    model: str
    device: str
    metric: str
    original: float
    validation: str
    people: int
    calibration: str | None
    rows: tuple[Row, ...]
    timings: tuple[Timing, ...]
    failures: tuple[str, ...]

    def raise_failures(self) -> None:
        """Raise `ExportError` if a file is missing because it was not good enough."""
        if self.failures:
            raise ExportError("; ".join(self.failures))

    def to_dict(self) -> dict[str, Any]:
        """Return `export.json`'s value."""
        paths = [row.path for row in self.rows]
        return {
            "model": self.model,
            "device": self.device,
            "metric": self.metric,
            "original": self.original,
            "validation": self.validation,
            "people": self.people,
            "calibration": self.calibration,
            "rows": [asdict(row) for row in self.rows],
            "timing": {path: asdict(timing) for path, timing in zip(paths, self.timings, strict=True)},
            "failures": list(self.failures),
        }

    def to_json(self) -> str:
        """Return `export.json`'s text."""
        return json.dumps(self.to_dict(), indent=1, allow_nan=False) + "\n"
