from pathlib import Path

import cv2
import numpy as np
import pytest

from edgepose.runtime.profiling import measure
from edgepose.runtime.profiling.load import Load


@pytest.fixture
def clip(tmp_path: Path) -> str:
    path = tmp_path / "clip.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 50.0, (96, 64))
    for i in range(12):
        writer.write(np.full((64, 96, 3), 20 * i, np.uint8))
    writer.release()
    return str(path)


@pytest.fixture
def no_fresh_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """A model is measured in this process alone: for tests of neither the first pose nor the load of others before.

    These take a second together. What measures everything is in `test_measure.py`: a report of a real model, and the
    command line's JSON on standard output.
    """
    monkeypatch.setattr(measure, "load_now", lambda: Load(average_1min=0.5, others_percent=3.0))
    monkeypatch.setattr(measure, "measure_first_pose_ms", lambda *_: 400.0)
