"""Files timed on this machine as a device's profile asks, in turn, so that what else it does falls on all alike."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from edgepose.profiles import DeviceProfile, EdgeposeError
from edgepose.runtime.backends import open_model
from edgepose.runtime.backends.base import EngineInfo
from edgepose.runtime.errors import CardError, MissingExtraError, ModelError, NotHereError
from edgepose.runtime.profiling.distribution import Distribution
from edgepose.runtime.profiling.network import network_times_ns

_ROUNDS = 3
_LEAST_WARMUP = 3


@dataclass(frozen=True)
class Timing:
    """The network alone on this machine as a device's profile asks, and how the engine ran it, as it says itself."""

    network_ms: Distribution
    engine: EngineInfo


@dataclass(frozen=True)
class NotRun:
    """A file that has no time here: why in a few words, and in the engine's."""

    why: str
    detail: str


def time_files(
    paths: Sequence[Path], profile: DeviceProfile, runs: int, on_step: Callable[[str], None]
) -> list[Timing | NotRun]:
    """Return the time of each file over `runs` runs in three rounds over all files, or why it has none.

    A file that cannot run here is as good as any other: that is told, and is no error.
    """
    times_ns: list[list[int]] = [[] for _ in paths]
    outcomes: dict[int, EngineInfo | NotRun] = {}
    for turn in range(_ROUNDS):
        on_step(f"time the files, round {turn + 1} of {_ROUNDS}")
        for index, path in enumerate(paths):
            if not isinstance(outcomes.get(index), NotRun):
                outcomes[index] = _time(path, profile, -(-runs // _ROUNDS), times_ns[index])
    return [
        outcome if isinstance(outcome, NotRun) else Timing(Distribution.of_ns(times_ns[index]), outcome)
        for index, outcome in sorted(outcomes.items())
    ]


def _time(path: Path, profile: DeviceProfile, runs: int, times_ns: list[int]) -> EngineInfo | NotRun:
    """Add the times of a file's runs; how the engine ran it is returned."""
    try:
        with open_model(path, profile) as session:
            times_ns += network_times_ns(session, runs, warmup=max(runs // 5, _LEAST_WARMUP))
            return session.info
    except NotHereError as error:
        return NotRun(f"needs {error.needs}", _detail(error, path))
    except (CardError, ModelError, MissingExtraError) as error:
        return NotRun("see below", _detail(error, path))


def _detail(error: EdgeposeError, path: Path) -> str:
    """Return an error's text without the folder in which the file is not going to stay."""
    return str(error).replace(str(path), path.name)
