"""A measurement: figures, the environment they hold for, and whether they keep a budget."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from edgepose.profiles import Budget
from edgepose.profiles.result import validate_result
from edgepose.runtime.profiling.distribution import Distribution
from edgepose.runtime.profiling.sustained import Interval

_MOST_SEARCHED = 0.05  # with more, p95 is the time of searching


@dataclass(frozen=True)
class BudgetCheck:
    """One limit of a budget beside what was measured; only `fps` is a floor."""

    name: str
    limit: float
    measured: float
    met: bool


@dataclass(frozen=True)
class Report:
    """What `edgepose profile` found.

    `pipeline_ms` is the work on one frame once it is there; `stages_ms` has the six stages and `age`.
    `environment` is JSON values, `sustained` empty where no sustained run was asked for.
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
    first_pose_ms: float
    sustained: tuple[Interval, ...] = ()
    budget: tuple[BudgetCheck, ...] = ()

    @property
    def kept(self) -> bool:
        """Whether every limit of the budget is met; without a budget nothing is missed."""
        return all(check.met for check in self.budget)

    @property
    def searched(self) -> int:
        """How many frames were searched; 0 where they are so few that the times are those of following.

        Those in which nobody was found were, and all of a source whose pictures do not follow from each other.
        """
        frames = self.pipeline_ms.n
        if not self.environment["is_sequence"]:
            return frames
        searched = frames - int(self.environment["frames_with_people"])
        return searched if searched > _MOST_SEARCHED * frames else 0

    def measured(self, name: str) -> float:
        """Return the figure that a limit of this name in `Budget` is for."""
        if name in ("fps", "rss_mb", "size_mb", "first_pose_ms"):
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


def _check(name: str, limit: float, measured: float) -> BudgetCheck:
    return BudgetCheck(name, limit, measured, met=measured >= limit if name == "fps" else measured <= limit)
