"""What a frame is and what an estimator finds in it."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from edgepose.runtime.arrays import FloatArray, ImageArray
from edgepose.runtime.geometry import keypoints_box_xyxy
from edgepose.runtime.skeleton import Skeleton


@dataclass(frozen=True)
class Frame:
    """One picture of a source: `image_bgr` uint8 (H, W, 3), its index, and when it was captured.

    `t_ns` is `time.perf_counter_ns` when it was read; `file` is the name of the one that it is, where it is one.
    `missed` counts the frames until now that never came, because a camera or a stream was away. The image is shared,
    never written to.
    """

    image_bgr: ImageArray
    index: int
    t_ns: int
    file: str | None = None
    missed: int = 0


@dataclass(frozen=True)
class Poses:
    """The people found in one frame; none is a normal answer.

    `keypoints_frame` float32 (N, K, 2), x then y, pixel centres at integers; `keypoint_scores` (N, K),
    `scores` (N,) in [0, 1]; `boxes_xyxy` (N, 4); `ids` (N,) stay with a person from frame to frame.
    """

    skeleton: Skeleton
    keypoints_frame: FloatArray
    keypoint_scores: FloatArray
    scores: FloatArray
    boxes_xyxy: FloatArray
    ids: tuple[int, ...] = field(default=())

    def __len__(self) -> int:
        return len(self.keypoints_frame)

    @classmethod
    def of_keypoints(cls, skeleton: Skeleton, keypoints_frame: FloatArray, keypoint_scores: FloatArray) -> "Poses":
        """Return people without ids of whom the keypoints (N, K, 2) are known, NaN where not found: in tight boxes."""
        found = np.isfinite(keypoints_frame[..., 0])
        boxes = [keypoints_box_xyxy(person, keep) for person, keep in zip(keypoints_frame, found, strict=True)]
        boxes_xyxy = np.array(boxes, np.float32).reshape(-1, 4)
        return cls(skeleton, keypoints_frame, keypoint_scores, keypoint_scores.mean(axis=1), boxes_xyxy)

    def take(self, rows: list[int]) -> "Poses":
        """Return the people of some rows, in that order; the arrays are copies."""
        ids = tuple(self.ids[row] for row in rows) if self.ids else ()
        return Poses(
            self.skeleton,
            self.keypoints_frame[rows],
            self.keypoint_scores[rows],
            self.scores[rows],
            self.boxes_xyxy[rows],
            ids,
        )

    def numbered(self, first: int) -> "Poses":
        """Return the same people with ids from `first` on."""
        return replace(self, ids=tuple(range(first, first + len(self))))

    @classmethod
    def joined(cls, poses: Sequence["Poses"], skeleton: Skeleton) -> "Poses":
        """Return everybody of several poses of one skeleton in a row, without ids."""
        everybody = [cls.empty(skeleton), *poses]
        return cls(
            skeleton,
            np.concatenate([each.keypoints_frame for each in everybody]),
            np.concatenate([each.keypoint_scores for each in everybody]),
            np.concatenate([each.scores for each in everybody]),
            np.concatenate([each.boxes_xyxy for each in everybody]),
        )

    @classmethod
    def empty(cls, skeleton: Skeleton) -> "Poses":
        """Return the answer "nobody is here"."""
        nobody = np.zeros((0, len(skeleton), 2), np.float32)
        return cls(skeleton, nobody, nobody[..., 0], nobody[:, 0, 0], np.zeros((0, 4), np.float32))
