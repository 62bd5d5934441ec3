"""What a run over a source was, in a line for people."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from edgepose.runtime.errors import SourceError
from edgepose.runtime.pipeline import Pipeline
from edgepose.runtime.results import FrameResult
from edgepose.runtime.sources.base import FrameSource


@dataclass
class Tally:
    """Counts the results of a run.

    `ran_out` says that the source ended it, `interrupted` that Ctrl-C did, `broken_off` why the source gave no more.
    """

    frames: int = 0
    with_people: int = 0
    interrupted: bool = False
    ran_out: bool = False
    broken_off: SourceError | None = None
    begin_s: float = field(default_factory=time.perf_counter)
    end_s: float = 0.0

    def note(self, result: FrameResult) -> None:
        """Count one result."""
        self.frames += 1
        self.with_people += len(result.poses) > 0
        self.end_s = time.perf_counter()

    @property
    def fps(self) -> float:
        """Results per second, from the start to the last of them."""
        return self.frames / max(self.end_s - self.begin_s, 1e-9)


def run_to_end(
    pipeline: Pipeline, max_frames: int | None = None, on_result: Callable[[FrameResult], None] = lambda _: None
) -> Tally:
    """Run a pipeline until its source ends or fails, `max_frames` are done or Ctrl-C is pressed; all is closed."""
    tally = Tally()
    try:
        with pipeline:
            for result in pipeline.run(max_frames):
                tally.note(result)
                on_result(result)
            tally.ran_out = tally.frames != max_frames and not pipeline.ended_by_user
    except KeyboardInterrupt:
        tally.interrupted = True
    except SourceError as error:
        tally.broken_off = error
    return tally


def summary(tally: Tally, source: FrameSource, pipeline: Pipeline, outputs: Sequence[Path]) -> str:
    """Return the line that a run ends with; `outputs` are those of the pipeline's sinks, `-` standard output."""
    parts = [
        f"{source.name}: {tally.frames} frames, people in {tally.with_people}",
        f"{tally.fps:.1f} fps",
        f"{pipeline.dropped} dropped",
    ]
    written = [str(path) if str(path) != "-" else "standard output" for path in outputs if pipeline.written]
    if source.reconnects:
        parts.append(f"away {source.reconnects} times" if source.reconnects > 1 else "away once")
    notes = ["stopped early"] if tally.interrupted or pipeline.ended_by_user else []
    notes += ["broken off"] if tally.broken_off else []
    if tally.ran_out and source.lacks_frames(tally.frames + pipeline.dropped):
        notes.append(f"the file promises {source.declared_frames} frames, so it may be damaged")
    if pipeline.not_written:
        notes.append(f"{pipeline.not_written} frames are missing, their reader was minutes behind")
    notes.append(f"wrote {', '.join(written)}" if written else "nothing written")
    return f"{', '.join(parts)}; {'; '.join(notes)}"
