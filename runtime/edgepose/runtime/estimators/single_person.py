"""The top-down estimator of one person: search until somebody is there, then follow the keypoints."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

import numpy as np

from edgepose.runtime.arrays import FloatArray, ImageArray
from edgepose.runtime.backends.base import Session
from edgepose.runtime.clock import StageClock
from edgepose.runtime.geometry import fit_box_xyxy, image_box_xyxy
from edgepose.runtime.poses import Frame, Poses
from edgepose.runtime.search import round_robin, search_windows_xyxy
from edgepose.runtime.skeleton import Skeleton
from edgepose.runtime.top_down import BoxPose, TopDownModel

_LEAST_SIZE_PX = 8


@dataclass(frozen=True)
class TrackingSettings:
    """When somebody is there.

    `windows_per_frame` bounds the cost of a frame without a person. Shares are of the card's presence threshold: a
    window above `candidate_share` is looked at closer (`refinements` times, with the box of what was seen), a person
    below `lost_share` is lost. Joints below `joint_score` do not shape the box.
    """

    windows_per_frame: int = 8
    candidate_share: float = 0.8
    refinements: int = 3
    lost_share: float = 0.8
    joint_score: float = 0.1


class SinglePersonEstimator:
    """Follows one person through the frames of a source; somebody found after nobody gets a new id.

    With `box_xyxy` (4,) nothing is searched or followed: that box of every frame is looked at. Without `follow` the
    frames are unrelated pictures, each searched all over. The session stays the caller's to close.
    """

    def __init__(
        self,
        session: Session,
        box_xyxy: FloatArray | None = None,
        settings: TrackingSettings | None = None,
        *,
        follow: bool = True,
    ) -> None:
        self._model = TopDownModel(session)
        self._given_box = box_xyxy
        self._follows = follow
        self._settings = settings or TrackingSettings()
        self._box: FloatArray | None = None
        self._id = 0
        self._windows: Iterator[FloatArray] = iter(())
        self._windows_for_wh = (0, 0)

    @property
    def skeleton(self) -> Skeleton:
        """The convention of the poses."""
        return self._model.skeleton

    def estimate(self, frame: Frame, clock: StageClock) -> Poses:
        """Return the person in the frame, or nobody."""
        image = frame.image_bgr
        if self._given_box is not None:
            seen = self._model.see(image, self._given_box, clock)
            return self._poses(seen) if seen.score >= self._model.presence_threshold else self._nobody()
        if self._box is not None and self._follows:
            followed = self._follow(image, clock)
            if followed is not None:
                return self._poses(followed)
        found = self._search(image, clock)
        return self._nobody() if found is None else self._poses(found)

    def _follow(self, image: ImageArray, clock: StageClock) -> BoxPose | None:
        assert self._box is not None
        seen = self._model.see(image, self._box, clock)
        self._box = self._next_box(seen, image)
        if seen.score < self._settings.lost_share * self._model.presence_threshold:
            self._box = None
        return seen if self._box is not None else None

    def _search(self, image: ImageArray, clock: StageClock) -> BoxPose | None:
        """Look at the next few windows, and closer at the best of them."""
        candidate_score = self._settings.candidate_share * self._model.presence_threshold
        seen = [self._model.see(image, window, clock, pad=False) for window in self._windows_of(image)]
        best = max(seen, key=lambda pose: pose.score)
        found = self._look_closer(best, image, clock) if best.score >= candidate_score else None
        self._box = None if found is None else self._next_box(found, image)
        if self._box is None:
            return None
        self._id += 1
        return found

    def _look_closer(self, seen: BoxPose, image: ImageArray, clock: StageClock) -> BoxPose | None:
        """Return the best view of who was seen in a window, each box from the last view; None if nobody is there."""
        views: list[BoxPose] = []
        for _ in range(self._settings.refinements):
            box = self._next_box(seen, image)
            if box is None:
                break
            seen = self._model.see(image, box, clock)
            views.append(seen)
        best = max(views, key=lambda pose: pose.score, default=None)
        return best if best is not None and best.score >= self._model.presence_threshold else None

    def _windows_of(self, image: ImageArray) -> list[FloatArray]:
        """Return the next few windows of the round; all of them where frames are unrelated."""
        size_wh = image.shape[1], image.shape[0]
        if not self._follows:
            return search_windows_xyxy(size_wh, self._model.aspect)
        if size_wh != self._windows_for_wh:
            self._windows = round_robin(search_windows_xyxy(size_wh, self._model.aspect))
            self._windows_for_wh = size_wh
        return list(islice(self._windows, self._settings.windows_per_frame))

    def _next_box(self, seen: BoxPose, image: ImageArray) -> FloatArray | None:
        """Return the box to look at next, or None when too little of a person is left in the picture.

        Joints that were not seen may lie outside: the more of them, the wider the next look.
        """
        box = seen.box_xyxy(self._settings.joint_score)
        if box is None:
            return None
        whole = image_box_xyxy(image.shape[1], image.shape[0])
        visible = np.minimum(box[2:], whole[2:]) - np.maximum(box[:2], whole[:2])
        if (visible <= 0).any() or (box[2:] - box[:2]).max() < _LEAST_SIZE_PX:
            return None
        unseen = float((seen.keypoint_scores < self._settings.joint_score).mean())
        return fit_box_xyxy(box, self._model.aspect, 1.0 + unseen) if unseen else box

    def _poses(self, seen: BoxPose) -> Poses:
        box = seen.box_xyxy(self._settings.joint_score)
        return Poses(
            skeleton=self.skeleton,
            keypoints_frame=seen.keypoints_frame[None],
            keypoint_scores=seen.keypoint_scores[None],
            scores=np.array([seen.score], np.float32),
            boxes_xyxy=(seen.box_xyxy(0.0) if box is None else box)[None],  # type: ignore[index]
            ids=(self._id,),
        )

    def _nobody(self) -> Poses:
        return Poses.empty(self.skeleton)
