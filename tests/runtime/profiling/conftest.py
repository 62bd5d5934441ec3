from pathlib import Path

import cv2
import numpy as np
import pytest


@pytest.fixture
def clip(tmp_path: Path) -> str:
    path = tmp_path / "clip.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 50.0, (96, 64))
    for i in range(12):
        writer.write(np.full((64, 96, 3), 20 * i, np.uint8))
    writer.release()
    return str(path)
