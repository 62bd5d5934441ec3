"""Who in a data set is labelled, told from the labels: pictures are read only where there are no labels without."""

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from edgepose.runtime.arrays import FloatArray
from edgepose.runtime.skeleton import Skeleton, remap_keypoints
from edgepose.train.data import DataError, PoseDataset, WeightedDataset


def keypoints_of(dataset: PoseDataset, skeleton: Skeleton) -> Iterator[FloatArray]:
    """Yield the keypoints (K, 2) of one person after the other in a skeleton, NaN where unlabelled.

    Nobody is looked at where the data has no joint of the skeleton.
    """
    if skeleton.shared_rows(dataset.skeleton)[0]:
        for person in range(len(dataset)):
            yield remap_keypoints(dataset.keypoints(person), dataset.skeleton, skeleton)


def has_label(keypoints: FloatArray) -> bool:
    """Whether any of the keypoints (K, 2) is labelled."""
    return bool(np.isfinite(keypoints).all(axis=1).any())


def drawn(mix: Sequence[WeightedDataset]) -> list[PoseDataset]:
    """Return the data sets of a mix from which anybody is drawn in an epoch."""
    return [part.dataset for part in mix if round(part.weight * len(part.dataset)) > 0]


def first_person(dataset: PoseDataset, skeleton: Skeleton, counts: Callable[[FloatArray], bool]) -> int | None:
    """Return the number of the first person whose keypoints (K, 2), NaN where unlabelled, `counts` says yes to."""
    people = enumerate(keypoints_of(dataset, skeleton))
    return next((number for number, keypoints in people if counts(keypoints)), None)


def check_labelled(mix: Sequence[WeightedDataset], skeleton: Skeleton) -> None:
    """Raise `DataError` where nobody in a mix has a label of a joint of the skeleton; stops at the first who has."""
    if all(first_person(dataset, skeleton, has_label) is None for dataset in drawn(mix)):
        names = ", ".join(part.dataset.name for part in mix)
        raise DataError(
            f"nobody in {names} has a labelled joint of {skeleton.name} to learn from; add data with labels, "
            "or a --teacher CHECKPOINT"
        )
