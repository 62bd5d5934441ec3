"""From nothing to the first pose: a fresh process imports the runtime, opens the model, finds somebody.

Run as a module this is that process; its frame comes by standard input, as .npy.
"""

import io
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import IO

import numpy as np

from edgepose.profiles.errors import EdgeposeError
from edgepose.runtime.arrays import ImageArray

_FOUND, _NOBODY = b"first pose", b"nobody"
_MOST_FRAMES, _MOST_SECONDS = 30, 60.0


def measure_first_pose_ms(
    model_path: Path, profile: str, min_score: float | None = None, timeout_s: float = 120.0
) -> float | None:
    """Return the milliseconds from starting a Python process to its first pose, in a rendered frame.

    The frame is shown until somebody is found in it, 30 times or a minute at most: None where nobody is. `profile` is
    what `load_profile` takes, `min_score` what `open_estimator` takes. Rendering (at 640x480) is not counted; the
    operating system's file cache is as it was. Raises `EdgeposeError` when the process cannot be started, fails or
    takes longer than `timeout_s`.
    """
    # imported here: the process that is timed does without it
    from edgepose.runtime.synthetic import render_people  # noqa: PLC0415

    # -P: the current folder may hold a queue.py of the user's own
    command = [sys.executable, "-P", "-m", "edgepose.runtime.profiling.first_pose", str(model_path), profile]
    command += [] if min_score is None else [str(min_score)]
    frame_npy = _npy(np.ascontiguousarray(render_people(0, (640, 480), 1).image_rgb[..., ::-1]))
    try:
        with tempfile.TemporaryFile() as complaints:
            start_ns = time.perf_counter_ns()
            told, done_ns = _wait_for_word(command, frame_npy, complaints, timeout_s)
            if told not in (_FOUND, _NOBODY):
                why = _last_line(complaints) or (
                    f"it took longer than {timeout_s:g} s"
                    if time.perf_counter_ns() - start_ns > timeout_s * 1e9
                    else "it was ended"
                )
                raise EdgeposeError(f"no first pose from a fresh process: {why}")
    except OSError as error:
        raise EdgeposeError(
            f"no fresh process could be started for the first pose: {error.strerror or error}; free memory, or give "
            "TMPDIR a folder that can be written to"
        ) from error
    return (done_ns - start_ns) / 1e6 if told == _FOUND else None


def _last_line(complaints: IO[bytes]) -> str:
    complaints.seek(0)
    return (complaints.read().decode(errors="replace").strip().splitlines() or [""])[-1]


def _wait_for_word(command: list[str], frame_npy: bytes, complaints: IO[bytes], timeout_s: float) -> tuple[bytes, int]:
    """Return what the process said and when; nothing where it dies before that or is too slow."""
    pipe = subprocess.PIPE
    try:
        # our own interpreter and module
        with subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=complaints) as process:
            watchdog = threading.Timer(timeout_s, process.kill)
            watchdog.start()
            assert process.stdin is not None
            assert process.stdout is not None
            try:
                process.stdin.write(frame_npy)
                process.stdin.close()
                line = process.stdout.readline().strip()
                # leaving the `with` waits for the process's end, which is not part of the time
                return line, time.perf_counter_ns()
            finally:
                watchdog.cancel()
    except BrokenPipeError:
        return b"", time.perf_counter_ns()


def _npy(image_bgr: ImageArray) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, image_bgr, allow_pickle=False)
    return buffer.getvalue()


def _first_pose(model: str, profile: str, min_score: str | None = None) -> None:
    """Look for somebody in the frame on standard input and say whether there was."""
    # imported here: the process that asks has its own imports behind it, this one is timed with them
    from edgepose.profiles import load_profile  # noqa: PLC0415
    from edgepose.runtime.backends import open_model  # noqa: PLC0415
    from edgepose.runtime.clock import StageClock  # noqa: PLC0415
    from edgepose.runtime.estimators import open_estimator  # noqa: PLC0415
    from edgepose.runtime.poses import Frame  # noqa: PLC0415

    with open_model(model, load_profile(profile)) as session:
        estimator = open_estimator(session, 1, min_score=None if min_score is None else float(min_score))
        image_bgr = np.load(io.BytesIO(sys.stdin.buffer.read()), allow_pickle=False)
        until_s = time.monotonic() + _MOST_SECONDS
        for index in range(_MOST_FRAMES):
            found = estimator.estimate(Frame(image_bgr, index, time.perf_counter_ns()), StageClock())
            if len(found) or time.monotonic() > until_s:
                break
        sys.stdout.buffer.write((_FOUND if len(found) else _NOBODY) + b"\n")
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    try:
        _first_pose(*sys.argv[1:])
    except EdgeposeError as error:
        sys.exit(str(error))
