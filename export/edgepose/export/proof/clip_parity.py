"""Whether a file sees in a clip what torch sees: one person, followed frame for frame."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from edgepose.export.errors import ExportError
from edgepose.runtime.arrays import FloatArray
from edgepose.runtime.backends.base import Session
from edgepose.runtime.estimators import SinglePersonEstimator
from edgepose.runtime.model_files.card import ModelCard
from edgepose.runtime.pipeline import Pipeline
from edgepose.runtime.poses import Poses
from edgepose.runtime.sources import open_source

SEEN, LOST = 0.2, 0.1
"""A joint that torch scores at least the first is lost where a file scores it below the second."""


@dataclass(frozen=True)
class ClipParity:
    """Over the frames in which torch sees somebody, and the joints that it sees then.

    `distance_px` is the mean distance of a joint in pixels of the network's crop, None where none was seen by both,
    `lost_joints` those that it does not see, `missed_frames` those in which it sees nobody.
    """

    frames: int
    distance_px: float | None
    lost_joints: int
    missed_frames: int


def require_clip(clip: str, card: ModelCard) -> None:
    """Raise `EdgeposeError` for what is no recording, and for a model of everybody."""
    if card.sees_everybody:
        raise ExportError(f"{card.name} sees everybody in a picture; --clip follows one person: leave it out")
    with open_source(clip) as source:
        if source.live or not source.is_sequence:
            raise ExportError(f"{source.name} is not the same film twice; give --clip a video")


def follow_clip(session: Session, clip: str) -> list[Poses]:
    """Return who is found in each frame of a source, neither smoothed nor more than one."""
    with open_source(clip) as source:
        return [result.poses for result in Pipeline(source, SinglePersonEstimator(session)).run()]


def clip_parity(found: Sequence[Poses], expected: Sequence[Poses], card: ModelCard) -> ClipParity:
    """Return how far what a file with a card found in the frames of a clip is from what torch did."""
    pairs = [(mine, theirs) for mine, theirs in zip(found, expected, strict=True) if len(theirs)]
    both = [(mine, theirs) for mine, theirs in pairs if len(mine)]
    distances = [_distances_px(mine, theirs, card) for mine, theirs in both]
    compared = np.concatenate(distances) if distances else np.empty(0)
    lost = [(mine.keypoint_scores[0] < LOST) & (theirs.keypoint_scores[0] >= SEEN) for mine, theirs in both]
    return ClipParity(
        frames=len(pairs),
        distance_px=float(compared.mean()) if len(compared) else None,
        lost_joints=int(np.sum(lost)),
        missed_frames=len(pairs) - len(both),
    )


def _distances_px(found: Poses, expected: Poses, card: ModelCard) -> FloatArray:
    """Return how far the joints (K,) that torch sees are off, in pixels of the crop."""
    x0, y0, x1, y1 = expected.boxes_xyxy[0]
    to_crop = min(card.input_wh[0] / (x1 - x0), card.input_wh[1] / (y1 - y0)) / card.crop.padding
    apart = np.linalg.norm(found.keypoints_frame[0] - expected.keypoints_frame[0], axis=1) * to_crop
    seen: FloatArray = apart[expected.keypoint_scores[0] >= SEEN].astype(np.float32)
    return seen
