"""The short way from Python: a picture in, the people in it out."""

import time
from pathlib import Path

import numpy as np

from edgepose.profiles.errors import EdgeposeError
from edgepose.profiles.profile import DeviceProfile
from edgepose.runtime.arrays import FloatArray, ImageArray
from edgepose.runtime.backends import open_model
from edgepose.runtime.clock import StageClock
from edgepose.runtime.estimators import open_estimator
from edgepose.runtime.people.smoothing import PoseSmoother
from edgepose.runtime.pipeline import Estimator
from edgepose.runtime.plumbing.closing import Closing
from edgepose.runtime.poses import Frame, Poses
from edgepose.runtime.skeleton import Skeleton


class PoseModel(Closing):
    """A model that is opened once, and called with the frames of one camera or video, one after another.

    `model` is a file or the name of one that ships, opened as `profile` asks. Without `follow` the pictures are
    unrelated: nobody is followed, and nothing smoothed. `most_people` and `min_score` are as in `open_estimator`, which
    raises what does not fit. For sources, sinks and the times of every stage there is `Pipeline`. Use it in a `with`.
    """

    def __init__(
        self,
        model: str | Path,
        profile: DeviceProfile | None = None,
        *,
        most_people: int | None = None,
        follow: bool = True,
        smooth: bool = True,
        min_score: float | None = None,
    ) -> None:
        self._session = open_model(model, profile)
        self._most_people, self._follow, self._min_score = most_people, follow, min_score
        self._smoother = PoseSmoother() if smooth and follow else None
        self._estimator: Estimator | None = None
        self._has_boxes = False
        self._boxes: FloatArray = np.empty((0, 4), np.float32)
        self._frames = 0

    @property
    def skeleton(self) -> Skeleton:
        """The convention of the poses."""
        return self._session.card.skeleton_object()

    def __call__(
        self, image_bgr: ImageArray, boxes_xyxy: FloatArray | None = None, *, t_ns: int | None = None
    ) -> Poses:
        """Return who is in a picture uint8 (H, W, 3), with ids that stay.

        `boxes_xyxy` (N, 4) are of a detector of one's own: then nobody is looked for elsewhere. They come with every
        picture or with none. `t_ns` is when it was taken, of any clock that runs on; now, if not given. Raises
        `EdgeposeError` for an array that is no picture and for boxes that are none.
        """
        if image_bgr.dtype != np.uint8 or image_bgr.ndim != 3 or image_bgr.shape[2] != 3:
            raise EdgeposeError(
                f"expected a picture as uint8 (H, W, 3), blue first; found {image_bgr.dtype} {image_bgr.shape}"
            )
        frame = Frame(image_bgr, self._frames, time.perf_counter_ns() if t_ns is None else t_ns)
        poses = self._opened(boxes_xyxy).estimate(frame, StageClock())
        self._frames += 1
        return poses if self._smoother is None else self._smoother.smooth(poses, frame.t_ns)

    def _opened(self, boxes_xyxy: FloatArray | None) -> Estimator:
        """Return the estimator, of the first picture's kind; raise `EdgeposeError` where the kind changes."""
        has_boxes = boxes_xyxy is not None
        if boxes_xyxy is not None:
            self._boxes = boxes_xyxy
        if self._estimator is None:
            self._has_boxes = has_boxes
            self._estimator = open_estimator(
                self._session,
                self._most_people,
                boxes=(lambda _: self._boxes) if has_boxes else None,
                follow=self._follow,
                min_score=self._min_score,
            )
        if has_boxes != self._has_boxes:
            raise EdgeposeError("boxes come with every picture or with none; open another PoseModel for the others")
        return self._estimator

    def close(self) -> None:
        """Release the engine; a second call does nothing."""
        self._session.close()
