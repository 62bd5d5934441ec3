"""Who is who from frame to frame: people get ids, and keep them while they cross, hide or are missed for a while."""

import math
from dataclasses import dataclass, replace

import numpy as np

from edgepose.profiles.errors import EdgeposeError
from edgepose.runtime.arrays import Array, FloatArray
from edgepose.runtime.people.similarity import similarity
from edgepose.runtime.plumbing.field_checks import check_values
from edgepose.runtime.poses import Poses
from edgepose.runtime.skeleton import Skeleton


@dataclass(frozen=True)
class TrackerSettings:
    """When two poses are one person.

    A pose is a track's if their `similarity` is at least `least_similarity`; every frame in which a track went unseen
    takes the share `fading` of it, so that whoever was just seen comes first. A track has an id from its
    `confirm_frames`th sighting in a row on, where one that scores less than `sure_score` counts as its share of that;
    who scores `at_once_score` in the very first frame has it at once, nobody where that is 0. It is forgotten
    `lost_frames` frames after its last, without an id as soon as it is missed. `steadiness` is the share that a
    velocity keeps of what it was. Joints that score below `joint_score` are not compared.

    A pose that scores less than `start_score` begins no track: it only continues one that has an id, and that no surer
    pose continues (Zhang et al., "ByteTrack", section 3).
    """

    least_similarity: float = 0.2
    fading: float = 0.03
    confirm_frames: int = 3
    sure_score: float = 0.0
    at_once_score: float = 0.0
    lost_frames: int = 30
    steadiness: float = 0.7
    joint_score: float = 0.1
    start_score: float = 0.0

    def __post_init__(self) -> None:
        check_values(self, {"confirm_frames": (1, math.inf), "lost_frames": (1, math.inf)})


def sure_score(presence_threshold: float, share: float = 2.0) -> float:
    """Return what somebody scores who is surely there: so many times the presence threshold, or half way to 1."""
    return min(share * presence_threshold, (1 + presence_threshold) / 2)


class Track:
    """One person through time: the last pose, and a velocity in pixels a frame, the same for all joints."""

    def __init__(self, pose: Poses, index: int, settings: TrackerSettings) -> None:
        self.pose, self.seen_at = pose, index
        self.id: int | None = None
        self.sightings = _sighting(pose, settings)
        self._velocity: FloatArray | None = None

    def predicted(self, index: int) -> Poses:
        """Return where the person of the last pose should be at frame `index`, at constant velocity."""
        velocity = np.zeros(2, np.float32) if self._velocity is None else self._velocity
        step = velocity * np.float32(index - self.seen_at)
        return replace(
            self.pose,
            keypoints_frame=self.pose.keypoints_frame + step,
            boxes_xyxy=self.pose.boxes_xyxy + np.tile(step, 2),
        )

    def see(self, pose: Poses, index: int, settings: TrackerSettings) -> None:
        """Take the person's pose at frame `index`, later than the last."""
        moved = _displacement(self.pose, pose, settings.joint_score) / np.float32(index - self.seen_at)
        # a velocity is only known from the second sighting on
        before = moved if self._velocity is None else self._velocity
        self._velocity = settings.steadiness * before + (1 - settings.steadiness) * moved
        self.pose, self.seen_at = pose, index
        self.sightings += _sighting(pose, settings)


class Strangers:
    """Gives the people of unrelated pictures ids, each a new one, where a `Tracker` follows those of a recording."""

    def __init__(self) -> None:
        self._next_id = 1

    def number(self, found: Poses) -> Poses:
        """Return people with ids that nobody had before."""
        first, self._next_id = self._next_id, self._next_id + len(found)
        return found.numbered(first)


class Tracker:
    """Gives the people of frame after frame ids that stay with them and are never used again.

    The best assignment of poses to tracks is scipy's, over one cost: how unlike a pose is to where its track should be.
    """

    def __init__(self, skeleton: Skeleton, settings: TrackerSettings = TrackerSettings()) -> None:
        # half a second to import: not while a camera runs, and not for whoever follows one person alone
        from scipy.optimize import linear_sum_assignment  # noqa: PLC0415

        self._best_assignment = linear_sum_assignment
        self._skeleton, self._settings = skeleton, settings
        self._next_id = 1
        self._last_index: int | None = None
        self.tracks: list[Track] = []
        """Everybody who may be seen again, with and without an id."""

    def update(self, found: Poses, index: int) -> Poses:
        """Return those people of frame `index` who have an id, in the order of their ids.

        Frames come in order; those in between that were never shown count as unseen. Raises `EdgeposeError` when
        `index` is not after the last one, or the skeleton is another.
        """
        self._check(found, index)
        sure = found.scores >= self._settings.start_score
        surely_found = found.take(np.flatnonzero(sure).tolist())
        new = self._continue(self.tracks, surely_found, index)
        unseen = [track for track in self.tracks if track.id is not None and track.seen_at != index]
        self._continue(unseen, found.take(np.flatnonzero(~sure).tolist()), index)
        begun = [Track(surely_found.take([row]), index, self._settings) for row in new]
        self.tracks = [track for track in self.tracks if self._may_return(track, index)] + begun
        for track in self.tracks:
            if track.id is None and self._is_confirmed(track):
                track.id, self._next_id = self._next_id, self._next_id + 1
        self._last_index = index
        return self._seen(index)

    def forget(self) -> None:
        """Forget everybody: whoever comes next is somebody new."""
        self.tracks = []

    def _check(self, found: Poses, index: int) -> None:
        if found.skeleton != self._skeleton:
            raise EdgeposeError(f"a tracker of {self._skeleton.name} cannot follow poses of {found.skeleton.name}")
        last = self._last_index
        if last is not None and index <= last:
            raise EdgeposeError(f"frame {index} comes after frame {last}; give frames in order, or a new tracker")

    def _continue(self, tracks: list[Track], found: Poses, index: int) -> list[int]:
        """Give each track the pose of frame `index` that is its own; return the rows of poses that are nobody's."""
        rows = set(range(len(found)))
        if tracks and rows:
            alike = self._alike(tracks, found, index)
            for row, column in zip(*self._best_assignment(alike, maximize=True), strict=True):
                if alike[row, column] > 0:
                    tracks[column].see(found.take([row]), index, self._settings)
                    rows.remove(row)
        return sorted(rows)

    def _alike(self, tracks: list[Track], found: Poses, index: int) -> FloatArray:
        """Return how alike poses (N,) and tracks (M,) are: (N, M), 0 where they cannot be one person."""
        predicted = Poses.joined([track.predicted(index) for track in tracks], self._skeleton)
        unseen_frames = np.array([index - 1 - track.seen_at for track in tracks])
        alike = similarity(found, predicted, self._settings.joint_score)
        faded = alike * (1 - self._settings.fading) ** unseen_frames
        return np.where(alike >= self._settings.least_similarity, faded, 0).astype(np.float32)

    def _is_confirmed(self, track: Track) -> bool:
        """Return whether somebody was seen often enough, or is sure in the first frame, before which there was none."""
        at_once = self._last_index is None and 0 < self._settings.at_once_score <= float(track.pose.scores[0])
        return at_once or track.sightings >= self._settings.confirm_frames

    def _may_return(self, track: Track, index: int) -> bool:
        unseen_frames = index - track.seen_at
        return unseen_frames == 0 or (track.id is not None and unseen_frames <= self._settings.lost_frames)

    def _seen(self, index: int) -> Poses:
        seen = [(track.id, track.pose) for track in self.tracks if track.id is not None and track.seen_at == index]
        seen.sort(key=lambda pair: pair[0])
        people = Poses.joined([pose for _, pose in seen], self._skeleton)
        return replace(people, ids=tuple(number for number, _ in seen))


def _sighting(pose: Poses, settings: TrackerSettings) -> float:
    """Return what seeing somebody once counts, 0 to 1."""
    return min(1.0, float(pose.scores[0]) / settings.sure_score) if settings.sure_score > 0 else 1.0


def _displacement(before: Poses, after: Poses, min_score: float) -> FloatArray:
    """Return how far (2,) one person went: the median over the joints seen in both poses, else the box's middle."""
    moved = after.keypoints_frame[0] - before.keypoints_frame[0]
    seen: Array = np.isfinite(moved).all(axis=1)
    for pose in (before, after):
        seen &= pose.keypoint_scores[0] >= min_score
    corners = (after.boxes_xyxy - before.boxes_xyxy)[0].reshape(2, 2)
    middle: FloatArray = np.median(moved[seen] if seen.any() else corners, axis=0).astype(np.float32)
    return middle
