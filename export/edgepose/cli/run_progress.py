"""How a run goes, on the error stream while it goes: a bar in a terminal, a line a minute in a log."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console

    from edgepose.runtime.pipeline import Pipeline
    from edgepose.runtime.results import FrameResult
    from edgepose.runtime.sources import FrameSource

    Told = Callable[[FrameResult], None]

_EVERY_S = 60.0


@contextmanager
def run_progress(
    pipeline: "Pipeline", source: "FrameSource", max_frames: int | None, *, prints: bool
) -> "Iterator[Told]":
    """Show during the body of a `with` how far a run is; what it yields is told every result.

    Where the run `prints` its results into the same terminal, they show that themselves.
    """
    from rich.console import Console  # noqa: PLC0415  heavy imports wait until a command works

    console = Console(stderr=True, emoji=False)
    if prints and sys.stdout.isatty():
        yield lambda _: None
    elif console.is_terminal:
        with _bar(pipeline, _total(source, max_frames), console) as told:
            yield told
    else:
        yield RunLines(pipeline, source.name, console).tell


def _total(source: "FrameSource", max_frames: int | None) -> int | None:
    """Return how many frames a run will have, None where nobody knows."""
    known = [number for number in (source.declared_frames, max_frames) if number]
    return min(known, default=None)


def _state(frames: int, seconds: float, result: "FrameResult", pipeline: "Pipeline") -> str:
    people = len(result.poses)
    return (
        f"{frames / max(seconds, 1e-9):.1f} fps, {pipeline.dropped} dropped, "
        f"{people} {'person' if people == 1 else 'people'}"
    )


@contextmanager
def _bar(pipeline: "Pipeline", total: int | None, console: "Console") -> "Iterator[Told]":
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn  # noqa: PLC0415

    columns = (
        TextColumn("frames"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.fields[state]}"),
    )
    begin_s = time.monotonic()
    # it goes away at the end: the summary says it all
    shown = Progress(*columns, console=console, transient=True, redirect_stdout=False, redirect_stderr=False)
    with shown as bar:
        task = bar.add_task("", total=total, state="")

        def tell(result: "FrameResult") -> None:
            done = int(bar.tasks[0].completed) + 1
            bar.update(task, advance=1, state=_state(done, time.monotonic() - begin_s, result, pipeline))

        yield tell


class RunLines:
    """A line every `every_s` seconds."""

    def __init__(
        self,
        pipeline: "Pipeline",
        name: str,
        console: "Console",
        every_s: float = _EVERY_S,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._pipeline, self._name, self._console = pipeline, name, console
        self._every_s, self._now = every_s, now
        self._told_s, self._frames, self._told_frames = now(), 0, 0

    def tell(self, result: "FrameResult") -> None:
        """Count a result; print the line if it is time to, with the rate since the last one."""
        self._frames += 1
        elapsed_s = self._now() - self._told_s
        if elapsed_s < self._every_s:
            return
        state = _state(self._frames - self._told_frames, elapsed_s, result, self._pipeline)
        self._console.print(
            f"{self._name}: {self._frames} frames, {state}", markup=False, highlight=False, soft_wrap=True
        )
        self._told_s, self._told_frames = self._now(), self._frames
