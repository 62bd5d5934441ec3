"""MediaPipe Pose as a yardstick, where the user has it: neither it nor its model is installed or fetched here."""

import time
from collections.abc import Sequence
from pathlib import Path

import cv2

from edgepose.runtime.arrays import ImageArray


def why_not(model: Path | None) -> str | None:
    """Return why MediaPipe cannot run here, None when it can."""
    try:
        import mediapipe  # noqa: F401, PLC0415
    except ImportError as error:
        return f"mediapipe cannot be imported ({error}); it is not installed by this project"
    if model is None:
        return "no --mediapipe-model: the path of a pose_landmarker_full.task"
    return None if model.is_file() else f"no such file: {model}"


def times_ms(images_bgr: Sequence[ImageArray], model: Path, fps: float) -> tuple[list[float], int]:
    """Return the time of every frame, colour conversion included, and in how many somebody was found."""
    from mediapipe import Image, ImageFormat  # noqa: PLC0415
    from mediapipe.tasks.python import BaseOptions, vision  # noqa: PLC0415

    options = vision.PoseLandmarkerOptions(
        base_options=BaseOptions(model_asset_path=str(model)), running_mode=vision.RunningMode.VIDEO
    )
    spent_ms, found = [], 0
    with vision.PoseLandmarker.create_from_options(options) as landmarker:
        for index, image_bgr in enumerate(images_bgr):
            start_ns = time.perf_counter_ns()
            image = Image(image_format=ImageFormat.SRGB, data=cv2.cvtColor(image_bgr, cv2.COLOR_BGR2RGB))
            poses = landmarker.detect_for_video(image, round(index * 1000 / fps)).pose_landmarks
            spent_ms.append((time.perf_counter_ns() - start_ns) / 1e6)
            found += bool(poses)
    return spent_ms, found
