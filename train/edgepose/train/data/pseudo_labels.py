"""Joints for pictures without any, as a network sees them: labels to learn from, not to measure by."""

from dataclasses import replace

import numpy as np

from edgepose.runtime.arrays import FloatArray
from edgepose.runtime.backends.base import Session
from edgepose.runtime.codecs import of_one_person
from edgepose.runtime.geometry import invert_affine, transform_points
from edgepose.train.data.augment import plain_crop
from edgepose.train.data.pose_dataset import PoseDataset, Sample

_BATCH = 32


class PseudoLabelled(PoseDataset):
    """A data set whose joints are those that a model finds; what it is not sure of has no label.

    `model` is the name of one that ships, an exported file or a checkpoint; it looks at everybody at once, here. The
    data set's name has to tell the model's. Raises what opening a model raises, `EdgeposeError` for one of everybody.
    """

    def __init__(self, dataset: PoseDataset, model: str) -> None:
        from edgepose.train.evaluation.opening import open_any  # noqa: PLC0415  engines are slow to import

        self._dataset = dataset
        self.name = dataset.name
        with open_any(model) as session:
            of_one_person(session.card.codec_object(), session.card.name)
            self.skeleton = session.card.skeleton_object()
            self._keypoints = _found(session, dataset)

    def __len__(self) -> int:
        return len(self._dataset)

    def keypoints(self, index: int) -> FloatArray:
        """Return a person's joints (K, 2), NaN where the model is not sure."""
        return self._keypoints[index]  # type: ignore[no-any-return]

    def sample(self, index: int) -> Sample:
        """Return a person of the data set with these joints, none of them occluded."""
        keypoints = self._keypoints[index]
        return replace(self._dataset.sample(index), keypoints=keypoints, occluded=np.zeros(len(keypoints), bool))


def _found(session: Session, dataset: PoseDataset) -> FloatArray:
    """Return everybody's joints (N, K, 2) in their pictures."""
    from edgepose.train.evaluation.prediction import predictor_of  # noqa: PLC0415  it reads data sets itself

    card, predict, found = session.card, predictor_of(session), []
    for start in range(0, len(dataset), _BATCH):
        people = range(start, min(start + _BATCH, len(dataset)))
        crops = [plain_crop(dataset.sample(i), card.input_wh, card.crop.padding) for i in people]
        seen = predict(np.stack([crop.image_rgb for crop, _ in crops]))
        sure = seen.scores[..., None] >= card.presence_threshold
        keypoints = np.where(sure, seen.keypoints_crop, np.nan)
        found += [transform_points(invert_affine(affine), k) for (_, affine), k in zip(crops, keypoints, strict=True)]
    return np.stack(found).astype(np.float32)
