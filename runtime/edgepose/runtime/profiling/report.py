"""A measurement: figures, the environment they hold for, and whether they keep a budget."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from edgepose.profiles import Budget
from edgepose.profiles.result import ResultError, validate_result
from edgepose.runtime.profiling.distribution import Distribution
from edgepose.runtime.profiling.sustained import Interval

_SINCE = {"everybody": False, "min_score": None, "draws": True}
"""What the environment of older results does not have yet."""
_MOST_SEARCHED = 0.05  # with more, p95 is the time of searching


@dataclass(frozen=True)
class BudgetCheck:
    """One limit of a budget beside what was measured, None where nothing could be; only `fps` is a floor."""

    name: str
    limit: float
    measured: float | None
    met: bool

    @property
    def figure(self) -> str:
        """What was measured, as tables show it."""
        return "nothing" if self.measured is None else f"{self.measured:.2f}"


@dataclass(frozen=True)
class Report:
    """What `edgepose profile` found.

    `pipeline_ms` is the work on one frame once it is there; `stages_ms` has the six stages and `age`.
    `environment` is JSON values, `first_pose_ms` None where nobody was found, `sustained` empty where no sustained run
    was asked for.
    """

    model: str
    environment: Mapping[str, Any]
    network_ms: Distribution
    pipeline_ms: Distribution
    stages_ms: Mapping[str, Distribution]
    fps: float
    dropped: int
    rss_mb: float
    size_mb: float
    first_pose_ms: float | None
    sustained: tuple[Interval, ...] = ()
    budget: tuple[BudgetCheck, ...] = ()

    @property
    def first_pose(self) -> str:
        """How long the first pose took, in whole milliseconds, as tables show it."""
        return "nobody found" if self.first_pose_ms is None else f"{self.first_pose_ms:.0f}"

    @property
    def machine(self) -> str:
        """What it was measured on, in words; what runs there may change."""
        found = self.environment
        return f"{found['cpu']} ({found['architecture']}), {found['cores']} cores"

    @property
    def kept(self) -> bool:
        """Whether every limit of the budget is met; without a budget nothing is missed."""
        return all(check.met for check in self.budget)

    @property
    def searched(self) -> int:
        """How many frames were searched; 0 where they are so few that the times are those of following.

        Those in which nobody was found were, and all of a source whose pictures do not follow from each other. A model
        of everybody searches nothing: it looks at all of every picture.
        """
        if self.environment["everybody"]:
            return 0
        frames = self.pipeline_ms.n
        if not self.environment["is_sequence"]:
            return frames
        searched = frames - int(self.environment["frames_with_people"])
        return searched if searched > _MOST_SEARCHED * frames else 0

    @property
    def warning(self) -> str | None:
        """Why the camera path's times are not those of following somebody, and what to do; None where they are."""
        if not self.searched:
            return None
        why, instead = "every picture was searched", "that is a camera or a video"
        if self.environment["is_sequence"]:
            why = f"nobody was found in {self.searched} of {self.pipeline_ms.n} frames"
            instead = "in which somebody is seen from the start"
        return (
            f"{why}: the times of the camera path are those of searching, not of following; give a --source {instead}"
        )

    def measured(self, name: str) -> float | None:
        """Return the figure that a limit of this name in `Budget` is for; None where there is none."""
        if name == "first_pose_ms":
            return self.first_pose_ms
        if name in ("fps", "rss_mb", "size_mb"):
            return float(getattr(self, name))
        what, percentile, _ = name.split("_")
        times = {"network": self.network_ms, "pipeline": self.pipeline_ms, "age": self.stages_ms["age"]}
        return float(getattr(times[what], percentile))

    def checks(self, budget: Budget) -> tuple[BudgetCheck, ...]:
        """Return a check for every limit that the budget sets."""
        return tuple(_check(name, limit, self.measured(name)) for name, limit in budget.limits().items())

    def to_dict(self) -> dict[str, Any]:
        """Return the report as the JSON values that `edgepose profile --json` promises."""
        document = {
            **asdict(self),
            "sustained": [asdict(interval) for interval in self.sustained],
            "budget": [asdict(check) for check in self.budget],
        }
        validate_result(document)
        return document

    @classmethod
    def from_dict(cls, document: object) -> "Report":
        """Build a report from what `to_dict` gave.

        Raises `ResultError` for anything else.
        """
        if isinstance(document, dict) and isinstance(document.get("environment"), dict):
            document = {**document, "environment": {**_SINCE, **document["environment"]}}
            document["sustained"] = _with_memory(document.get("sustained"))
        validate_result(document)
        assert isinstance(document, dict)
        times = {name: Distribution(**document[name]) for name in ("network_ms", "pipeline_ms")}
        stages_ms = {stage: Distribution(**values) for stage, values in document["stages_ms"].items()}
        sustained = (
            Interval(**{**each, "network_ms": Distribution(**each["network_ms"])}) for each in document["sustained"]
        )
        budget = tuple(BudgetCheck(**check) for check in document["budget"])
        return cls(**{**document, **times, "stages_ms": stages_ms, "sustained": tuple(sustained), "budget": budget})


def _with_memory(sustained: Any) -> Any:
    """Return the intervals of a sustained run, of older results with a memory that nobody knows."""
    if not isinstance(sustained, list) or not all(isinstance(each, dict) for each in sustained):
        return sustained
    return [{**each, "rss_mb": each.get("rss_mb")} for each in sustained]


def read_report(path: Path) -> Report:
    """Return the report that `edgepose profile --json` wrote into a file.

    Raises `ResultError` naming the file where it cannot be read or holds anything else.
    """
    try:
        # bytes: json sees by itself which Unicode they are, of a shell that writes UTF-16 too
        return Report.from_dict(json.loads(path.read_bytes()))
    except OSError as error:
        raise ResultError(f"cannot read {path}: {error.strerror}; name a file of edgepose profile --json") from error
    except (ValueError, RecursionError) as error:
        raise ResultError(f"{path} is not JSON; name a file of edgepose profile --json") from error
    except ResultError as error:
        raise ResultError(f"{path} is no file of edgepose profile --json: {error}") from error


def _check(name: str, limit: float, measured: float | None) -> BudgetCheck:
    met = measured is not None and (measured >= limit if name == "fps" else measured <= limit)
    return BudgetCheck(name, limit, measured, met)
