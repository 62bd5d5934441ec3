"""PASCAL-Person-Part as it was published: VOC's pictures, masks of 7 classes, and lists of what to train on."""

from pathlib import Path

from edgepose.train.data.part_labels import PASCAL_LABELS, part_values
from edgepose.train.data.part_masks import PartMaskDataset
from edgepose.train.data.pose_dataset import DataError
from edgepose.train.data.text_files import read_text

_SPLITS = ("train", "val")
_MASKS, _LISTS = "pascal_person_part_gt", "pascal_person_part_trainval_list"


def open_pascal_part(name: str, root: Path, split: str = "val") -> PartMaskDataset:
    """Open PASCAL-Person-Part's `train` or `val`; nobody has joints, a mask is of everybody in its picture.

    Masks and lists lie beside `JPEGImages`, or in a folder `pascal_person_part` there. Raises `DataError` for another
    split or layout.
    """
    if split not in _SPLITS:
        raise DataError(f"unknown split {split!r} of pascal-part ({root}); it has {', '.join(_SPLITS)}")
    part = root / "pascal_person_part" if (root / "pascal_person_part").is_dir() else root
    table = part / _LISTS / f"{split}_id.txt"
    for expected in (root / "JPEGImages", part / _MASKS, table):
        if not expected.exists():
            raise DataError(f"{root} is no PASCAL-Person-Part folder: expected {expected.relative_to(root)} in it")
    names = read_text(table).split()
    files = [(root / "JPEGImages" / f"{stem}.jpg", part / _MASKS / f"{stem}.png") for stem in names]
    return PartMaskDataset(name, files, part_values(PASCAL_LABELS))
