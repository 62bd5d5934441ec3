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
        self._boxes: FloatArray | None = None
        self._frames = 0
        try:
            self._estimator = open_estimator(self._session, most_people, follow=follow, min_score=min_score)
        except EdgeposeError:
            self.close()
            raise

    @property
    def skeleton(self) -> Skeleton:
        """The convention of the poses."""
        return self._session.card.skeleton_object()

    def __call__(
        self, image_bgr: ImageArray, boxes_xyxy: FloatArray | None = None, *, t_ns: int | None = None
    ) -> Poses:
        """Return who is in a picture uint8 (H, W, 3), with ids that stay.

        `boxes_xyxy` (N, 4), in pixels, are of a detector of one's own: then nobody is looked for elsewhere. They come
        with every picture or with none. `t_ns` is when it was taken, of any clock that runs on; now, if not given.
        Raises `EdgeposeError` for an array that is no picture and for boxes that are none.
        """
        picture = np.asarray(image_bgr)
        if picture.dtype != np.uint8 or picture.ndim != 3 or picture.shape[2] != 3 or picture.size == 0:
            raise EdgeposeError(
                f"expected a picture as uint8 (H, W, 3), blue first; found {picture.dtype} {picture.shape}"
            )
        frame = Frame(picture, self._frames, time.perf_counter_ns() if t_ns is None else t_ns)
        self._look_into(boxes_xyxy)
        poses = self._estimator.estimate(frame, StageClock())
        self._frames += 1
        return poses if self._smoother is None else self._smoother.smooth(poses, frame.t_ns)

    def _look_into(self, boxes_xyxy: FloatArray | None) -> None:
        """Let the next look be into boxes, if there are any; raise `EdgeposeError` where there were none before."""
        if boxes_xyxy is not None and self._frames == 0:
            self._estimator = open_estimator(
                self._session,
                self._most_people,
                boxes=self._given,
                follow=self._follow,
                min_score=self._min_score,
            )
        elif (boxes_xyxy is None) != (self._boxes is None):
            raise EdgeposeError("boxes come with every picture or with none; open another PoseModel for the others")
        self._boxes = boxes_xyxy

    def _given(self, _frame: Frame) -> FloatArray:
        assert self._boxes is not None
        return self._boxes

    def close(self) -> None:
        """Release the engine; a second call does nothing."""
        self._session.close()
