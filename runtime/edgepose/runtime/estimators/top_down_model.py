"""One box of one frame -> the keypoints of the person in it."""

from collections.abc import Mapping
from dataclasses import dataclass

import cv2
import numpy as np

from edgepose.runtime.arrays import Array, FloatArray, ImageArray
from edgepose.runtime.backends.base import Session
from edgepose.runtime.clock import StageClock
from edgepose.runtime.codecs.heatmap import merge_flip
from edgepose.runtime.errors import ModelError
from edgepose.runtime.geometry import (
    crop_affine,
    fit_box_xyxy,
    invert_affine,
    keypoints_box_xyxy,
    transform_points,
    warp_crop,
)
from edgepose.runtime.model_files.decoding import HEATMAPS, Decoding, require_heatmaps


@dataclass(frozen=True)
class BoxPose:
    """What a network sees in one box: `keypoints_frame` (K, 2), `keypoint_scores` (K,) in [0, 1]."""

    keypoints_frame: FloatArray
    keypoint_scores: FloatArray

    @property
    def score(self) -> float:
        """How sure it is that a whole person is in the box: the mean over the joints."""
        return float(self.keypoint_scores.mean())

    def box_xyxy(self, min_score: float) -> FloatArray | None:
        """Return the tight box (4,) of the joints that score enough; None when there are fewer than four."""
        keep = self.keypoint_scores >= min_score
        return keypoints_box_xyxy(self.keypoints_frame, keep) if keep.sum() >= 4 else None


class TopDownModel:
    """A session with what its card says about crops and outputs; crops are warped straight into the input buffer.

    With `flip` it looks at every crop in the mirror too, which is a run more, and averages the heatmaps. Whoever scores
    below `min_score`, the card's presence threshold if not given, is nobody. Raises
    `ModelError` for a model of another kind, and for `flip` with one that decodes itself.
    """

    def __init__(self, session: Session, *, flip: bool = False, min_score: float | None = None) -> None:
        card = session.card
        if len(session.inputs) != 1:
            raise ModelError(
                f"{card.name} has {len(session.inputs)} inputs; a top-down model has one image; export it again"
            )
        self.skeleton = card.skeleton_object()
        self.presence_threshold = card.presence_threshold if min_score is None else min_score
        self._session = session
        self._decode = Decoding(card)
        if flip:
            require_heatmaps(card, "a look into the mirror averages")
        self._flip_order = card.codec_object().flip_order(self.skeleton) if flip else None
        self._input_wh = card.input_wh
        self._padding = card.crop.padding
        self._input = session.inputs[0].name
        width, height = card.input_wh
        self._crop_bgr: ImageArray = np.empty((height, width, 3), np.uint8)
        self._input_rgb: ImageArray = np.empty((1, height, width, 3), np.uint8)
        self._mirror_rgb = np.empty_like(self._input_rgb)

    @property
    def aspect(self) -> float:
        """Width over height of the crop."""
        return self._input_wh[0] / self._input_wh[1]

    def see(self, image_bgr: ImageArray, box_xyxy: FloatArray, clock: StageClock, *, pad: bool = True) -> BoxPose:
        """Return the keypoints found in a box (4,) of an image (H, W, 3).

        The box is widened to the model's aspect, and by its padding unless `pad` is off (a window, not a person).
        """
        with clock.stage("crop"):
            window = fit_box_xyxy(box_xyxy, self.aspect, self._padding if pad else 1.0)
            affine = crop_affine(window, self._input_wh)
            crop_bgr = warp_crop(image_bgr, affine, self._input_wh, out=self._crop_bgr)
            cv2.cvtColor(crop_bgr, cv2.COLOR_BGR2RGB, dst=self._input_rgb[0])
        with clock.stage("infer"):
            outputs = self._outputs()
        with clock.stage("decode"):
            keypoints, scores = self._decode(outputs)
            return BoxPose(transform_points(invert_affine(affine), keypoints[0]), scores[0])

    def _outputs(self) -> Mapping[str, Array]:
        """Return what the network gives for the crop in the input buffer."""
        outputs = self._session.run({self._input: self._input_rgb})
        if self._flip_order is None:
            return outputs
        cv2.flip(self._input_rgb[0], 1, dst=self._mirror_rgb[0])
        mirrored = self._session.run({self._input: self._mirror_rgb})
        return {HEATMAPS: merge_flip(outputs[HEATMAPS], mirrored[HEATMAPS], self._flip_order)}
