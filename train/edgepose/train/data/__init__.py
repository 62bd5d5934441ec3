"""Pose data, named `kind:path[:split][@weight]`; what is rendered is `synthetic:COUNT[:SEED[:KIND]]`."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
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
from edgepose.train.data.spec import DataSpec
from edgepose.train.data.synthetic import open_synthetic
from edgepose.train.data.yolo import open_yolo

__all__ = [
    "READERS",
    "DataError",
    "DataSpec",
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
    "yolo": open_yolo,
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

    Paths count from `root`. Raises `DataError` for an unknown kind, an absent path, a folder in another layout, a
    weight and where nobody is.
    """
    named = DataSpec.parse(spec)
    if named.kind not in READERS or named.hidden:
        raise DataError(
            f"unknown kind of data {spec.partition(':')[0]!r} in {spec!r}; expected kind:path[:split] with one of "
            f"{', '.join(READERS)}"
        )
    if named.weight != 1:
        raise DataError(f"a weight is for what is trained on; found {spec!r}, expected kind:path[:split]")
    dataset = _open_rendered(spec, named) if named.kind == "synthetic" else _open_files(spec, named, root)
    if not len(dataset):
        raise DataError(f"nobody is in {spec!r}, or nobody with a label; give other data")
    return dataset


def _open_rendered(spec: str, named: DataSpec) -> PoseDataset:
    return open_synthetic(spec, named.path, *(named.split.split(":") if named.split else ()))


def _open_files(spec: str, named: DataSpec, root: Path) -> PoseDataset:
    path = root / named.path
    if not path.exists():
        raise DataError(f"no such data: {str(path)!r} in {spec!r}; expected kind:path[:split]")
    if named.split and named.kind in _WITHOUT_SPLITS:
        raise DataError(f"{named.kind} has no splits; found {named.split!r} in {spec!r}, expected {named.kind}:path")
    return READERS[named.kind](spec, path, *([named.split] if named.split else []))


def open_mix(specs: Sequence[str], root: Path = Path()) -> list[WeightedDataset]:
    """Open several data sets, each with an optional `@weight` (1 when absent).

    Raises `DataError` as `open_dataset`, and for a weight that is no positive number.
    """
    named = [DataSpec.parse(spec) for spec in specs]
    return [WeightedDataset(open_dataset(str(replace(spec, weight=1.0)), root), spec.weight) for spec in named]


def without_labels(mix: list[WeightedDataset]) -> list[WeightedDataset]:
    """Return the same data with its labels hidden."""
    return [WeightedDataset(UnlabelledDataset(part.dataset), part.weight) for part in mix]
