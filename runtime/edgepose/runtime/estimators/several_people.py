"""The top-down estimator of several people: each is followed in a crop of their own, and the search goes on."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from edgepose.profiles.errors import EdgeposeError
from edgepose.runtime.arrays import Array, FloatArray, ImageArray
from edgepose.runtime.backends.base import Session
from edgepose.runtime.clock import StageClock
from edgepose.runtime.estimators.outage import Outages
from edgepose.runtime.estimators.person_search import PersonSearch, SearchSettings
from edgepose.runtime.estimators.top_down_model import BoxPose, TopDownModel
from edgepose.runtime.people.similarity import box_cover, box_cover_together, oks, shared_joints, widened
from edgepose.runtime.people.tracking import Strangers, Track, Tracker, TrackerSettings, sure_score
from edgepose.runtime.poses import Frame, Poses
from edgepose.runtime.skeleton import Skeleton


@dataclass(frozen=True)
class CrowdSettings:
    """When somebody else is there.

    While somebody is followed, `windows_per_frame` more windows of a frame are searched for others; none of which a
    share of `covered` is the box of somebody sure. Sure is who scores `sure_share` of the presence threshold, or half
    way from that to 1; whoever is followed with less may be replaced by a better view. Nobody new is who shares more
    than `overlap` of the own box with those known together, or of the box of one of them, or more than `shared_joints`
    of the joints with one, or `mirrored_joints` with left and right exchanged: people side by side have fewer. Boxes of
    those known are wider than their joints by `body_margin` of the longer side, as bodies are: one's legs, seen from
    the side, are nobody. What looks like another candidate, with an OKS above `same_oks`, is not looked at closer. Two
    who are followed, with more than `same_joints` of the joints in one place, are one. Somebody missed is looked for
    where they should be for `missing_frames` that were looked at, however many a camera gave meanwhile.
    """

    windows_per_frame: int = 1
    sure_share: float = 2.0
    covered: float = 0.8
    same_oks: float = 0.5
    overlap: float = 0.75
    body_margin: float = 0.05
    shared_joints: float = 0.25
    mirrored_joints: float = 1 / 3
    same_joints: float = 0.5
    missing_frames: int = 5


class SeveralPeopleEstimator:
    """Follows up to `most_people` people through the frames of a source; ids stay with them.

    A frame costs a run of the network for everybody followed, and those of the search while there may be more. Without
    `follow` the frames are unrelated pictures, each searched all over, and everybody is somebody new. With `flip` every
    look is one into the mirror too, and costs twice. The session stays the caller's to close. Raises `EdgeposeError`
    for `most_people` below 1.
    """

    def __init__(
        self,
        session: Session,
        most_people: int,
        *,
        follow: bool = True,
        flip: bool = False,
        min_score: float | None = None,
        crowd: CrowdSettings = CrowdSettings(),
    ) -> None:
        if most_people < 1:
            raise EdgeposeError(f"expected at least 1 person to follow, found {most_people}")
        self._model = TopDownModel(session, flip=flip, min_score=min_score)
        self._most_people, self._settings, self._crowd = most_people, SearchSettings(), crowd
        self._search = PersonSearch(self._model, self._settings)
        sure = self._sure_score = sure_score(self._model.presence_threshold, crowd.sure_share)
        settings = TrackerSettings(confirm_frames=2, sure_score=sure, at_once_score=sure)
        self._tracker, self._strangers = Tracker(self._model.skeleton, settings), Strangers()
        self._follows, self._outages = follow, Outages()
        self._boxes: dict[Track, FloatArray] = {}
        self._looked: deque[int] = deque(maxlen=1 + crowd.missing_frames)

    @property
    def skeleton(self) -> Skeleton:
        """The convention of the poses."""
        return self._model.skeleton

    def estimate(self, frame: Frame, clock: StageClock) -> Poses:
        """Return who is in the frame; somebody new is shown from the second frame on, later if hardly seen."""
        image = frame.image_bgr
        if not self._follows:
            people = self._best(self._views(image, self._search.all_windows(image), [], [], clock), [])
            return self._strangers.number(Poses.joined(people, self.skeleton))
        if self._outages.end_at(frame):
            self._tracker.forget()
        followed = self._followed(image, frame.index, clock)
        self._looked.append(frame.index)
        sure = [person for person in followed if self._is_sure(person)]
        unsure = [person for person in followed if not self._is_sure(person)]
        count = self._crowd.windows_per_frame if followed else self._settings.windows_per_frame
        views = unsure + self._views(image, self._windows(image, sure, count), sure, unsure, clock)
        with clock.stage("decode"):
            people = [*sure, *self._best(views, sure)]
            return self._tracker.update(Poses.joined(people, self.skeleton), frame.index)

    def _followed(self, image: ImageArray, index: int, clock: StageClock) -> list[Poses]:
        """Return who is seen where the people of the last frames should be, in any order."""
        boxes = {track: self._box_of(track, image, index) for track in self._recent()}
        self._boxes = {track: box for track, box in boxes.items() if box is not None}
        seen = {track: self._model.see(image, box, clock) for track, box in self._boxes.items()}
        staying = [view for track, view in seen.items() if self._stays(track, view, image)]
        return self._different([self._search.poses(view) for view in staying])

    def _different(self, people: list[Poses]) -> list[Poses]:
        """Return people without those who are somebody surer, whom two tracks have come to follow."""
        surest_first = sorted(people, key=lambda person: -float(person.scores[0]))
        everybody = Poses.joined(surest_first, self.skeleton)
        same = shared_joints(everybody, everybody, self._settings.joint_score) > self._crowd.same_joints
        kept: list[int] = []
        for row in range(len(surest_first)):
            if not same[row, kept].any():
                kept.append(row)
        return [surest_first[row] for row in kept]

    def _box_of(self, track: Track, image: ImageArray, index: int) -> FloatArray | None:
        """Return where to look for somebody, or None when too little of them would be left in the picture."""
        predicted = track.predicted(index)
        expected = BoxPose(predicted.keypoints_frame[0], predicted.keypoint_scores[0])
        box = self._search.next_box(expected, image)
        return None if box is None else self._search.steady_box(box, self._boxes.get(track, box))

    def _recent(self) -> list[Track]:
        recent = [track for track in self._tracker.tracks if track.seen_at >= self._looked[0]]
        return sorted(recent, key=lambda track: -track.seen_at)[: self._most_people]

    def _stays(self, track: Track, seen: BoxPose, image: ImageArray) -> bool:
        # only of who is known for somebody is less than was asked for at first enough
        share = 1.0 if track.id is None else self._settings.lost_share
        enough = share * self._model.presence_threshold
        return seen.score >= enough and self._search.next_box(seen, image) is not None

    def _is_sure(self, person: Poses) -> bool:
        return float(person.scores[0]) >= self._sure_score

    def _windows(self, image: ImageArray, sure: Sequence[Poses], count: int) -> list[FloatArray]:
        """Return where to look for more people: nowhere when there are enough."""
        if len(sure) >= self._most_people:
            return []
        boxes = Poses.joined(sure, self.skeleton).boxes_xyxy
        return self._search.next_windows(image, count, lambda window: not self._is_covered(window, boxes))

    def _is_covered(self, window: FloatArray, boxes: Array) -> bool:
        return bool((box_cover(window[None], boxes) > self._crowd.covered).any())

    def _views(
        self,
        image: ImageArray,
        windows: list[FloatArray],
        known: Sequence[Poses],
        seen: Sequence[Poses],
        clock: StageClock,
    ) -> list[Poses]:
        """Return close views of those in the windows who are neither known nor seen like this already.

        Some may be of the same person.
        """
        views: list[Poses] = []
        for candidate in self._search.candidates(image, windows, clock):
            person = self._search.poses(candidate)
            if not self._is_new(person, known) or self._is_among(person, [*seen, *views]):
                continue
            closer = self._search.look_closer(candidate, image, clock)
            if closer is not None:
                views.append(self._search.poses(closer))
        return views

    def _best(self, views: Sequence[Poses], known: Sequence[Poses]) -> list[Poses]:
        """Return who is new beside those known; of views that cannot all be people, the best."""
        found: list[Poses] = []
        for view in sorted(views, key=lambda view: -float(view.scores[0])):
            if self._is_new(view, [*known, *found]):
                found.append(view)
        return found[: max(self._most_people - len(known), 0)]

    def _is_new(self, person: Poses, known: Sequence[Poses]) -> bool:
        """Return whether a person is nobody of those who are known, nor made of parts of them."""
        others = Poses.joined(known, self.skeleton)
        own, boxes = person.boxes_xyxy, widened(others.boxes_xyxy, self._crowd.body_margin)
        overlap = max(box_cover_together(own[0], boxes), box_cover(boxes, own).max(initial=0))
        shared, mirrored = (
            shared_joints(person, others, self._settings.joint_score, mirrored=mirrored).max(initial=0)
            for mirrored in (False, True)
        )
        settings = self._crowd
        return bool(
            overlap <= settings.overlap and shared <= settings.shared_joints and mirrored <= settings.mirrored_joints
        )

    def _is_among(self, person: Poses, views: Sequence[Poses]) -> bool:
        return bool((oks(person, Poses.joined(views, self.skeleton)) > self._crowd.same_oks).any())
