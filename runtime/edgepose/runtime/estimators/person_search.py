"""Looking for people with a network that sees one of them in a crop."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import cycle

import numpy as np

from edgepose.runtime.arrays import FloatArray, ImageArray
from edgepose.runtime.clock import StageClock
from edgepose.runtime.estimators.search_windows import search_windows_xyxy
from edgepose.runtime.estimators.top_down_model import BoxPose, TopDownModel
from edgepose.runtime.geometry import fit_box_xyxy, image_box_xyxy
from edgepose.runtime.poses import Poses

_LEAST_SIZE_PX = 8


@dataclass(frozen=True)
class SearchSettings:
    """When somebody is there.

    `windows_per_frame` bounds the cost of a frame without a person. Shares are of the card's presence threshold: a
    window above `candidate_share` is looked at closer (`refinements` times, with the box of what was seen), a person
    below `lost_share` is lost. Joints below `joint_score` do not shape the box. A box of which no side would move by
    more than `still_share` of its size stays: from one and the same crop the joints of who stands still do not tremble.
    """

    windows_per_frame: int = 8
    candidate_share: float = 0.8
    refinements: int = 3
    lost_share: float = 0.8
    joint_score: float = 0.1
    still_share: float = 0.05


class PersonSearch:
    """The windows of a round over the picture, and closer looks at what is seen in them."""

    def __init__(self, model: TopDownModel, settings: SearchSettings) -> None:
        self._model, self._settings = model, settings
        self._windows: Iterator[FloatArray] = iter(())
        self._round: list[FloatArray] = []
        self._windows_for_wh = (0, 0)

    def all_windows(self, image: ImageArray) -> list[FloatArray]:
        """Return every window (4,) of a picture."""
        return search_windows_xyxy((image.shape[1], image.shape[0]), self._model.aspect)

    def next_windows(
        self, image: ImageArray, count: int, wanted: Callable[[FloatArray], bool] = lambda _: True
    ) -> list[FloatArray]:
        """Return the next few windows (4,) of the round that are wanted, each once at most."""
        size_wh = image.shape[1], image.shape[0]
        if size_wh != self._windows_for_wh:
            self._round = self.all_windows(image)
            self._windows, self._windows_for_wh = cycle(self._round), size_wh
        found: list[FloatArray] = []
        for _ in range(len(self._round)):
            if len(found) == count:
                break
            window = next(self._windows)
            if wanted(window):
                found.append(window)
        return found

    def candidates(self, image: ImageArray, windows: list[FloatArray], clock: StageClock) -> list[BoxPose]:
        """Return what is seen in those windows that may hold somebody, the best first."""
        least = self._settings.candidate_share * self._model.presence_threshold
        seen = [self._model.see(image, window, clock, pad=False) for window in windows]
        return sorted((pose for pose in seen if pose.score >= least), key=lambda pose: -pose.score)

    def look_closer(self, seen: BoxPose, image: ImageArray, clock: StageClock) -> BoxPose | None:
        """Return the best view of who was seen in a window, each box from the last view; None if nobody is there."""
        views: list[BoxPose] = []
        for _ in range(self._settings.refinements):
            box = self.next_box(seen, image)
            if box is None:
                break
            seen = self._model.see(image, box, clock)
            views.append(seen)
        best = max(views, key=lambda pose: pose.score, default=None)
        return best if best is not None and best.score >= self._model.presence_threshold else None

    def next_box(self, seen: BoxPose, image: ImageArray) -> FloatArray | None:
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

    def steady_box(self, box: FloatArray, last: FloatArray) -> FloatArray:
        """Return the box to look at (4,): the last one, where the new one is hardly another."""
        moved_px, size_px = np.abs(box - last).max(), (last[2:] - last[:2]).max()
        return last if moved_px <= self._settings.still_share * size_px else box

    def poses(self, seen: BoxPose) -> Poses:
        """Return what was seen as the poses of one person without an id."""
        box = seen.box_xyxy(self._settings.joint_score)
        return Poses(
            skeleton=self._model.skeleton,
            keypoints_frame=seen.keypoints_frame[None],
            keypoint_scores=seen.keypoint_scores[None],
            scores=np.array([seen.score], np.float32),
            boxes_xyxy=(seen.box_xyxy(0.0) if box is None else box)[None],  # type: ignore[index]
        )
