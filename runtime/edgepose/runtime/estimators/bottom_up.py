"""The bottom-up estimator: everybody in the picture at once, and who is who from frame to frame."""

from edgepose.runtime.backends.base import Session
from edgepose.runtime.clock import StageClock
from edgepose.runtime.estimators.bottom_up_model import BottomUpModel, Views
from edgepose.runtime.estimators.outage import Outages
from edgepose.runtime.people.tracking import Strangers, Tracker, TrackerSettings, sure_score
from edgepose.runtime.poses import Frame, Poses
from edgepose.runtime.skeleton import Skeleton

KEPT_SHARE = 0.6
"""Whoever has an id may fall to this share of the card's presence threshold."""


class BottomUpEstimator:
    """Finds everybody in each frame, at most as many as its card says or `most_people`; ids stay.

    Somebody new scores `min_score` (the card's presence threshold if not given), whoever is followed at least
    `KEPT_SHARE` of it, and of more than `most_people` those whom it has followed longest are shown. Without `follow`
    the frames are unrelated pictures: everybody is somebody new, and the best-scored are shown. The session stays the
    caller's to close. Raises `EdgeposeError` for a model of one person in a crop.
    """

    def __init__(
        self,
        session: Session,
        most_people: int | None = None,
        *,
        views: Views = Views(),
        follow: bool = True,
        min_score: float | None = None,
    ) -> None:
        threshold = session.card.presence_threshold if min_score is None else min_score
        least_score = KEPT_SHARE * threshold if follow else threshold
        self._model = BottomUpModel(session, views, most_people or 1, least_score)
        self._most_people = most_people
        settings = TrackerSettings(start_score=threshold, at_once_score=sure_score(threshold))
        self._tracker = Tracker(self._model.skeleton, settings) if follow else None
        self._strangers, self._outages = Strangers(), Outages()

    @property
    def skeleton(self) -> Skeleton:
        """The convention of the poses."""
        return self._model.skeleton

    def estimate(self, frame: Frame, clock: StageClock) -> Poses:
        """Return who is in the frame; somebody new is shown from the third frame on, in the first one if sure."""
        found = self._model.see(frame.image_bgr, clock)
        if self._tracker is None:
            return self._strangers.number(self._first(found))
        if self._outages.end_at(frame):
            self._tracker.forget()
        with clock.stage("decode"):
            return self._first(self._tracker.update(found, frame.index))

    def _first(self, people: Poses) -> Poses:
        return people.take(list(range(len(people)))[: self._most_people])
