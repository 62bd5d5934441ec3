"""The top-down estimator of one person: search until somebody is there, then follow the keypoints."""

from dataclasses import replace

from edgepose.runtime.arrays import FloatArray, ImageArray
from edgepose.runtime.backends.base import Session
from edgepose.runtime.clock import StageClock
from edgepose.runtime.estimators.outage import Outages
from edgepose.runtime.estimators.person_search import PersonSearch, SearchSettings
from edgepose.runtime.estimators.top_down_model import BoxPose, TopDownModel
from edgepose.runtime.poses import Frame, Poses
from edgepose.runtime.skeleton import Skeleton


class SinglePersonEstimator:
    """Follows one person through the frames of a source; somebody found after nobody gets a new id.

    With `box_xyxy` (4,) nothing is searched or followed: that box of every frame is looked at. Without `follow` the
    frames are unrelated pictures, each searched all over. With `flip` every look is one into the mirror too. The
    session stays the caller's to close.
    """

    def __init__(
        self,
        session: Session,
        box_xyxy: FloatArray | None = None,
        search: SearchSettings = SearchSettings(),
        *,
        follow: bool = True,
        flip: bool = False,
        min_score: float | None = None,
    ) -> None:
        self._model = TopDownModel(session, flip=flip, min_score=min_score)
        self._given_box = box_xyxy
        self._follows = follow
        self._settings = search
        self._search_for = PersonSearch(self._model, search)
        self._box: FloatArray | None = None
        self._id = 0
        self._outages = Outages()

    @property
    def skeleton(self) -> Skeleton:
        """The convention of the poses."""
        return self._model.skeleton

    def estimate(self, frame: Frame, clock: StageClock) -> Poses:
        """Return the person in the frame, or nobody."""
        if self._outages.end_at(frame):
            self._box = None
        image = frame.image_bgr
        if self._given_box is not None:
            return self._poses(self._look_into(self._given_box, image, clock))
        if self._box is not None and self._follows:
            followed = self._follow(image, self._box, clock)
            if followed is not None:
                return self._poses(followed)
        return self._poses(self._search(image, clock))

    def _look_into(self, box: FloatArray, image: ImageArray, clock: StageClock) -> BoxPose | None:
        seen = self._model.see(image, box, clock)
        # a score that is no number is nobody
        if not seen.score >= self._model.presence_threshold:
            self._box = None
            return None
        self._id += self._box is None or not self._follows
        self._box = box
        return seen

    def _follow(self, image: ImageArray, box: FloatArray, clock: StageClock) -> BoxPose | None:
        seen = self._model.see(image, box, clock)
        next_box = self._search_for.next_box(seen, image)
        if next_box is None or not seen.score >= self._settings.lost_share * self._model.presence_threshold:
            self._box = None
            return None
        self._box = self._search_for.steady_box(next_box, box)
        return seen

    def _search(self, image: ImageArray, clock: StageClock) -> BoxPose | None:
        """Look at the next few windows, of unrelated pictures at all of them, and closer at the best of them."""
        search, count = self._search_for, self._settings.windows_per_frame
        windows = search.next_windows(image, count) if self._follows else search.all_windows(image)
        candidates = search.candidates(image, windows, clock)
        # of a film the next frame is another chance, of a picture the next best place
        looks = (search.look_closer(seen, image, clock) for seen in candidates[: 1 if self._follows else None])
        found = next((look for look in looks if look is not None), None)
        self._box = None if found is None else search.next_box(found, image)
        if self._box is None:
            return None
        self._id += 1
        return found

    def _poses(self, seen: BoxPose | None) -> Poses:
        if seen is None:
            return Poses.empty(self.skeleton)
        return replace(self._search_for.poses(seen), ids=(self._id,))
