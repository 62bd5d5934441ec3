"""Who in a data set is labelled, told from the labels: pictures are read only where there are no labels without."""

from collections.abc import Iterator

from edgepose.runtime.arrays import FloatArray
from edgepose.runtime.skeleton import Skeleton, remap_keypoints
from edgepose.train.data.pose_dataset import PoseDataset


def keypoints_of(dataset: PoseDataset, skeleton: Skeleton) -> Iterator[FloatArray]:
    """Yield the keypoints (K, 2) of one person after the other in a skeleton, NaN where unlabelled.

    Nobody is looked at where the data has no joint of the skeleton.
    """
    if skeleton.shared_rows(dataset.skeleton)[0]:
        for person in range(len(dataset)):
            yield remap_keypoints(dataset.keypoints(person), dataset.skeleton, skeleton)
