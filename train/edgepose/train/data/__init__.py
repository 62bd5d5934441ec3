"""Pose data, named `kind:path[:split][@weight]`; what is rendered is `synthetic:COUNT[:SEED[:KIND]]`."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from edgepose.train.data.ccp import open_ccp
from edgepose.train.data.coco import open_coco
from edgepose.train.data.images import UnlabelledDataset, open_images
from edgepose.train.data.lip import open_lip
from edgepose.train.data.lsp import open_lsp, open_lspet
from edgepose.train.data.mpii import open_mpii
from edgepose.train.data.packed import open_packed
from edgepose.train.data.pascal_part import open_pascal_part
from edgepose.train.data.pose_dataset import DataError, PoseDataset, Sample
from edgepose.train.data.synthetic import open_synthetic

__all__ = [
    "READERS",
    "DataError",
    "PoseDataset",
    "Sample",
    "WeightedDataset",
    "open_dataset",
    "open_mix",
    "without_labels",
]

READERS: dict[str, Callable[..., PoseDataset]] = {
    "lsp": open_lsp,
    "lspet": open_lspet,
    "coco": open_coco,
    "mpii": open_mpii,
    "ccp": open_ccp,
    "lip": open_lip,
    "pascal-part": open_pascal_part,
    "packed": open_packed,
    "images": open_images,
    "synthetic": open_synthetic,
}
_WITHOUT_SPLITS = ("packed", "images")


@dataclass(frozen=True)
class WeightedDataset:
    """A data set and how often each of its people is drawn in an epoch, on average."""

    dataset: PoseDataset
    weight: float


def open_dataset(spec: str, root: Path = Path()) -> PoseDataset:
    """Open `kind:path[:split]`, as in `lsp:/data/lsp:test`, or `synthetic:COUNT[:SEED[:KIND]]`.

    Paths count from `root`. Raises `DataError` for an unknown kind, an absent path, a folder in another layout and
    where nobody is.
    """
    kind, _, rest = spec.partition(":")
    if kind not in READERS:
        raise DataError(
            f"unknown kind of data {kind!r} in {spec!r}; expected kind:path[:split] with one of {', '.join(READERS)}"
        )
    dataset = open_synthetic(spec, *rest.split(":")) if kind == "synthetic" else _open_files(spec, kind, rest, root)
    if not len(dataset):
        raise DataError(f"nobody is in {spec!r}, or nobody with a label; give other data")
    return dataset


def _open_files(spec: str, kind: str, rest: str, root: Path) -> PoseDataset:
    path, _, split = rest.partition(":")
    if not (root / path).exists():
        raise DataError(f"no such data: {str(root / path)!r} in {spec!r}; expected kind:path[:split]")
    if split and kind in _WITHOUT_SPLITS:
        raise DataError(f"{kind} has no splits; found {split!r} in {spec!r}, expected {kind}:path")
    arguments = (split,) if split else ()
    return READERS[kind](spec, root / path, *arguments)


def open_mix(specs: Sequence[str], root: Path = Path()) -> list[WeightedDataset]:
    """Open several data sets, each with an optional `@weight` (1 when absent).

    Raises `DataError` as `open_dataset`, and for a weight that is no positive number.
    """
    mix = []
    for spec in specs:
        name, _, weight = spec.partition("@")
        try:
            factor = float(weight or 1)
        except ValueError:
            factor = 0.0
        if not 0 < factor < math.inf:
            raise DataError(f"the weight in {spec!r} is no positive number; expected kind:path[:split][@weight]")
        mix.append(WeightedDataset(open_dataset(name, root), factor))
    return mix


def without_labels(mix: list[WeightedDataset]) -> list[WeightedDataset]:
    """Return the same data with its labels hidden."""
    return [WeightedDataset(UnlabelledDataset(part.dataset), part.weight) for part in mix]
