"""Which joints belong together, from the statistics of labelled poses (Tang & Wu, section 3.2).

Joints whose places tell most about each other form a group. Every pose is put onto a lattice by a centre and a scale,
the mutual information of each pair of joints is taken from their common histogram, and its matrix is clustered.
"""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from edgepose.profiles.errors import EdgeposeError
from edgepose.runtime.arrays import Array, FloatArray
from edgepose.runtime.errors import MissingExtraError
from edgepose.runtime.skeleton import Skeleton, remap_keypoints
from edgepose.train.data import PoseDataset

LATTICE = 16
_ENOUGH_LABELLED = 0.5
_ENOUGH_PEOPLE = 100
_SHUFFLES = 3
_WAYS = ("cluster_qr", "kmeans", "discretize")
_SHARE_INSIDE = 0.99
_TINY = 1e-6


@dataclass(frozen=True)
class JointStatistics:
    """Mutual information in nats of each pair of joints (K, K), zero diagonal, and what chance alone would show."""

    skeleton: Skeleton
    people: int
    mutual_information: FloatArray
    chance: FloatArray

    @property
    def affinity(self) -> FloatArray:
        """Mutual information above chance, scaled to [0, 1] (K, K); the diagonal is zero.

        The histograms of few people overrate every pair, most of all those that spread widely. Raises `EdgeposeError`
        where no pair is above chance.
        """
        above = np.clip(self.mutual_information - self.chance, 0.0, None)
        if not above.max() > 0:
            raise EdgeposeError(f"the joints of {self.people} people tell nothing of each other; give more people")
        return above / above.max()  # type: ignore[no-any-return]

    def groups(self, number: int) -> list[list[str]]:
        """Return the joints in so many groups, in the skeleton's order.

        Raises `EdgeposeError` for a number below 1 or above that of the joints.
        """
        joints = self.skeleton.joints
        if not 1 <= number <= len(joints):
            raise EdgeposeError(f"{self.skeleton.name} has 1 to {len(joints)} groups of joints; found {number}")
        if number in (1, len(joints)):
            labels = np.arange(len(joints)) if number > 1 else np.zeros(len(joints), int)
        else:
            labels = _clustered(self.affinity, number)
        by_label = {label: [j for j, other in zip(joints, labels, strict=True) if other == label] for label in labels}
        return list(by_label.values())

    def to_dict(self, number: int) -> dict[str, Any]:
        """Return what `edgepose parts --json` prints."""
        return {
            "joints": list(self.skeleton.joints),
            "mutual_information": self.mutual_information.tolist(),
            "groups": self.groups(number),
        }


def joint_statistics(datasets: Sequence[PoseDataset], skeleton: Skeleton | None = None) -> JointStatistics:
    """Measure how much a skeleton's joints tell about each other in people; it is the first data set's if not given.

    Only labels are read. Everybody with half of the joints counts, and their mirror image too, as in training.
    Raises `EdgeposeError` when too few people do, or a joint is never labelled.
    """
    skeleton = skeleton or datasets[0].skeleton
    keypoints = np.concatenate([_labels(dataset, skeleton) for dataset in datasets])
    if len(keypoints) < _ENOUGH_PEOPLE:
        names = ", ".join(dataset.name for dataset in datasets)
        raise EdgeposeError(
            f"statistics of parts need at least {_ENOUGH_PEOPLE} people with half of their joints labelled; "
            f"{names} has {len(keypoints)}"
        )
    labelled = np.isfinite(keypoints).all(axis=2).any(axis=0)
    if not labelled.all():
        missing = ", ".join(joint for joint, there in zip(skeleton.joints, labelled, strict=True) if not there)
        raise EdgeposeError(f"nobody has a label for {missing} of {skeleton.name}; give data that has")
    mirrored = keypoints[:, list(skeleton.flip_order)] * np.array([-1, 1], np.float32)
    cells = lattice_cells(np.concatenate([keypoints, mirrored]), skeleton)
    information, chance = _information_matrices(cells)
    return JointStatistics(skeleton, len(keypoints), information, chance)


def _labels(dataset: PoseDataset, skeleton: Skeleton) -> FloatArray:
    """Return the keypoints (N, K, 2) of everybody with enough of them."""
    own = np.array([dataset.keypoints(person) for person in range(len(dataset))], np.float32)
    own = own.reshape(-1, len(dataset.skeleton), 2)
    keypoints = own if dataset.skeleton is skeleton else remap_keypoints(own, dataset.skeleton, skeleton)
    labelled = np.asarray(np.isfinite(keypoints).all(axis=2))
    a, b = np.array(skeleton.edge_rows).T
    enough = (labelled.mean(axis=1) >= _ENOUGH_LABELLED) & (labelled[:, a] & labelled[:, b]).any(axis=1)
    return keypoints[enough]  # type: ignore[no-any-return]


def lattice_cells(keypoints: FloatArray, skeleton: Skeleton) -> Array:
    """Return the cell of the lattice (N, K), row-major from 0, of keypoints (N, K, 2); -1 where unlabelled.

    A pose's centre is the mean of its joints, its scale its longest limb by what is usual for that limb: the one
    that is foreshortened least. The lattice is as wide as 99 % of all joints need, the others lie in its border.
    """
    a, b = np.array(skeleton.edge_rows).T
    lengths = np.linalg.norm(keypoints[:, a] - keypoints[:, b], axis=2)
    # of several data sets in one, nobody may have both ends of a limb
    lengths = lengths[:, np.isfinite(lengths).any(axis=0)]
    shares = lengths / np.maximum(np.nanmean(lengths, axis=1, keepdims=True), _TINY)
    scale = np.nanmax(lengths / np.maximum(np.nanmedian(shares, axis=0), _TINY), axis=1)
    centred = keypoints - np.nanmean(keypoints, axis=1, keepdims=True)
    placed = centred / np.maximum(scale, _TINY)[:, None, None]
    reach = np.nanquantile(np.abs(placed), _SHARE_INSIDE)
    steps = np.clip((placed / reach + 1) * LATTICE / 2, 0, LATTICE - 1e-3)
    unlabelled = np.isnan(steps).any(axis=2)
    x, y = np.moveaxis(np.where(unlabelled[..., None], 0, steps).astype(int), 2, 0)
    return np.where(unlabelled, -1, y * LATTICE + x)


def _information_matrices(cells: Array) -> tuple[FloatArray, FloatArray]:
    """Return the mutual information of each pair of columns (K, K), and that of the same columns shuffled."""
    joints = cells.shape[1]
    information, chance = np.zeros((2, joints, joints), np.float32)
    rng = np.random.default_rng(0)
    for m, n in itertools.combinations(range(joints), 2):
        first, second = cells[(cells[:, [m, n]] >= 0).all(axis=1)][:, [m, n]].T
        shuffled = [mutual_information(first, rng.permutation(second)) for _ in range(_SHUFFLES)]
        information[m, n] = information[n, m] = mutual_information(first, second)
        chance[m, n] = chance[n, m] = np.mean(shuffled)
    return information, chance


def mutual_information(first: Array, second: Array) -> float:
    """Return the mutual information (eq. 1), in nats, of two columns (N,) of cells; 0 when they are empty.

    >>> cells = np.array([0, 1, 2, 3])
    >>> round(float(mutual_information(cells, cells)), 3)  # the logarithm of 4
    1.386
    """
    size = LATTICE**2
    together = np.bincount(first * size + second, minlength=size**2).reshape(size, size) / max(len(first), 1)
    apart = together.sum(axis=1, keepdims=True) * together.sum(axis=0, keepdims=True)
    met = together > 0
    return float((together[met] * np.log(together[met] / apart[met])).sum())


def _clustered(affinity: FloatArray, number: int) -> Array:
    """Return a label for each joint (K,), of the usual ways to read groups off the spectrum the one that cuts least."""
    try:
        from sklearn.cluster import SpectralClustering  # noqa: PLC0415  nothing else needs it
    except ModuleNotFoundError as error:
        raise MissingExtraError("scikit-learn", "train") from error
    # a joint that tells nothing of any other still belongs somewhere
    connected = np.maximum(affinity, _TINY).astype(np.float64)
    found = [
        SpectralClustering(number, affinity="precomputed", assign_labels=way, random_state=0).fit_predict(connected)
        for way in _WAYS
    ]
    complete = [labels for labels in found if len(np.unique(labels)) == number]
    if not complete:
        raise EdgeposeError(f"these joints fall into fewer than {number} groups; ask for fewer")
    return min(complete, key=lambda labels: _normalised_cut(connected, labels))


def _normalised_cut(affinity: Array, labels: Array) -> float:
    """Return the affinity that groups cut, as shares of what each has: what spectral clustering makes small."""
    return sum(
        float(affinity[labels == label][:, labels != label].sum() / affinity[labels == label].sum())
        for label in np.unique(labels)
    )
