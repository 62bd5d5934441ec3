"""The top-down estimator of people whom a detector of one's own found."""

from edgepose.runtime.backends.base import Session
from edgepose.runtime.clock import StageClock
from edgepose.runtime.estimators.person_search import PersonSearch, SearchSettings
from edgepose.runtime.estimators.top_down_model import TopDownModel
from edgepose.runtime.people.boxes import Boxes, Detector, boxes_of
from edgepose.runtime.people.tracking import Strangers, Tracker, TrackerSettings
from edgepose.runtime.poses import Frame, Poses
from edgepose.runtime.skeleton import Skeleton


class GivenBoxesEstimator:
    """Looks once into each box that is given for a frame, or that a detector finds in it, and nowhere else; ids stay.

    Without `follow` the frames are unrelated pictures: everybody is somebody new. With `flip` every look is one into
    the mirror too. Whoever scores below `min_score`, the card's presence threshold if not given, is nobody. The session
    stays the caller's to close.
    """

    def __init__(
        self,
        session: Session,
        boxes: Boxes | Detector,
        *,
        follow: bool = True,
        flip: bool = False,
        min_score: float | None = None,
    ) -> None:
        self._model = TopDownModel(session, flip=flip, min_score=min_score)
        self._search, self._boxes = PersonSearch(self._model, SearchSettings()), boxes
        self._tracker = Tracker(self._model.skeleton, TrackerSettings(confirm_frames=1)) if follow else None
        self._strangers = Strangers()

    @property
    def skeleton(self) -> Skeleton:
        """The convention of the poses."""
        return self._model.skeleton

    def estimate(self, frame: Frame, clock: StageClock) -> Poses:
        """Return who is in the boxes of the frame."""
        with clock.stage("detect"):
            boxes = boxes_of(self._boxes, frame)
        seen = [self._model.see(frame.image_bgr, box, clock) for box in boxes]
        people = [self._search.poses(pose) for pose in seen if pose.score >= self._model.presence_threshold]
        found = Poses.joined(people, self.skeleton)
        if self._tracker is None:
            return self._strangers.number(found)
        with clock.stage("decode"):
            return self._tracker.update(found, frame.index)
