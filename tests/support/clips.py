"""What the tests of the camera path share: small real files, and an estimator that needs no weights."""

from pathlib import Path

import cv2
import numpy as np

from edgepose.runtime.arrays import ImageArray
from edgepose.runtime.clock import StageClock
from edgepose.runtime.poses import Frame, Poses
from edgepose.runtime.skeleton import LSP_14, Skeleton

SIZE_WH = (96, 64)


def dot_image(x: float, y: float, size_wh: tuple[int, int] = SIZE_WH) -> ImageArray:
    """Return a dark image with one bright dot."""
    image_bgr = np.full((size_wh[1], size_wh[0], 3), 20, np.uint8)
    cv2.circle(image_bgr, (round(x), round(y)), 5, (255, 255, 255), -1, cv2.LINE_AA)
    return image_bgr


def dot_place(index: int) -> tuple[int, int]:
    """Return where the dot is in frame `index` of `write_clip`."""
    return 10 + 2 * index, 30


def write_clip(path: Path, frames: int = 30, fps: float = 30.0) -> Path:
    """Write a video of a dot that moves 2 px a frame; AVI holds each frame by itself."""
    codec = "MJPG" if path.suffix == ".avi" else "mp4v"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*codec), fps, SIZE_WH)
    assert writer.isOpened()
    for index in range(frames):
        writer.write(dot_image(*dot_place(index)))
    writer.release()
    return path


def read_clip(path: Path) -> list[ImageArray]:
    """Return every frame of a video."""
    capture = cv2.VideoCapture(str(path))
    images = []
    while (read := capture.read())[0]:
        images.append(read[1])
    capture.release()
    return images


class DotEstimator:
    """Finds a bright dot by its centroid and calls it a person, whose joints surround it."""

    def __init__(self, skeleton: Skeleton = LSP_14) -> None:
        self._skeleton = skeleton

    @property
    def skeleton(self) -> Skeleton:
        return self._skeleton

    def estimate(self, frame: Frame, clock: StageClock) -> Poses:
        with clock.stage("crop"):
            grey = cv2.cvtColor(frame.image_bgr, cv2.COLOR_BGR2GRAY)
        with clock.stage("infer"):
            moments = cv2.moments((grey > 128).astype(np.uint8), binaryImage=True)
        with clock.stage("decode"):
            return self._poses(moments)

    def _poses(self, moments: dict[str, float]) -> Poses:
        if not moments["m00"]:
            return Poses.empty(self.skeleton)
        centre = np.array([moments["m10"], moments["m01"]]) / moments["m00"]
        turns = np.linspace(0, 2 * np.pi, len(self.skeleton), endpoint=False)
        keypoints = centre + 8 * np.stack([np.cos(turns), np.sin(turns)], axis=1)
        box_xyxy = np.concatenate([keypoints.min(axis=0), keypoints.max(axis=0)])
        scores = np.full((1, len(self.skeleton)), 0.9, np.float32)
        return Poses(
            self.skeleton,
            keypoints[None].astype(np.float32),
            scores,
            np.array([0.9], np.float32),
            box_xyxy[None].astype(np.float32),
            (1,),
        )
