"""MediaPipe Pose "full" as a yardstick, in an interpreter of its own: it needs an older numpy than edgepose's engines.

It is installed by whoever wants the comparison (`pip install mediapipe==0.10.21` into a fresh environment; that
version carries its model) and its interpreter is named. This file is also the script which runs there.
"""

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

_PROBE = "import mediapipe; mediapipe.solutions.pose"


def why_not(python: Path | None) -> str | None:
    """Return why MediaPipe cannot run in that interpreter, None when it can."""
    if python is None:
        return "no --mediapipe-python: the interpreter of an environment with mediapipe==0.10.21"
    if not python.is_file():
        return f"no such interpreter: {python}"
    done = subprocess.run([str(python), "-c", _PROBE], capture_output=True, text=True, check=False)
    return None if done.returncode == 0 else f"mediapipe.solutions cannot be imported by {python.name}"


def times_ms(images_bgr: Sequence["np.ndarray"], python: Path) -> tuple[list[float], int]:
    """Return the time of every frame, colour conversion included, and in how many somebody was found."""
    with tempfile.TemporaryDirectory() as folder:
        frames = Path(folder) / "frames.npy"
        np.save(frames, np.stack(images_bgr))
        done = subprocess.run([str(python), __file__, str(frames)], capture_output=True, text=True, check=True)
    spent_ms, found = json.loads(done.stdout.splitlines()[-1])
    return spent_ms, found


def _run_here(frames: Path) -> None:
    import cv2  # noqa: PLC0415  the other interpreter's
    import mediapipe  # noqa: PLC0415

    spent_ms, found = [], 0
    with mediapipe.solutions.pose.Pose(model_complexity=1) as pose:
        for image_bgr in np.load(frames, mmap_mode="r"):
            image_bgr = np.ascontiguousarray(image_bgr)  # noqa: PLW2901  out of the file, before the clock starts
            start_ns = time.perf_counter_ns()
            landmarks = pose.process(cv2.cvtColor(image_bgr, cv2.COLOR_BGR2RGB)).pose_landmarks
            spent_ms.append((time.perf_counter_ns() - start_ns) / 1e6)
            found += landmarks is not None
    print(json.dumps([spent_ms, found]))


if __name__ == "__main__":
    _run_here(Path(sys.argv[1]))
