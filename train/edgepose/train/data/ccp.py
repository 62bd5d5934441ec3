"""Clothing Co-Parsing as it was published, with masks for MATLAB, or made small, with masks as pictures."""

import json
from pathlib import Path

from edgepose.train.data.matlab import read_matlab
from edgepose.train.data.part_labels import CCP_LABELS, part_values
from edgepose.train.data.part_masks import PartMaskDataset
from edgepose.train.data.pose_dataset import DataError, PoseDataset
from edgepose.train.data.pseudo_labels import PseudoLabelled
from edgepose.train.data.text_files import read_text

_PUBLISHED = "photos", "annotations/pixel-level/*.mat", "label_list.mat"
_SMALL = "images", "masks/*.png", "labels.json"
"""Where the pictures, their masks and the names of the masks' values are."""
_LAST_TRAIN, _LAST = 804, 1004
_SPLITS = {"train": (1, _LAST_TRAIN), "test": (_LAST_TRAIN + 1, _LAST), "all": (1, _LAST)}


def open_ccp(name: str, root: Path, split: str = "all") -> PoseDataset:
    """Open CCP: `train` is pictures 1 to 804, `test` the other 200, `all` both. Nobody has joints.

    `SPLIT:MODEL` gives everybody the joints that a model finds: a name that ships or a file. Raises `DataError` for
    another split or layout.
    """
    part, _, model = split.partition(":")
    if part not in _SPLITS:
        raise DataError(f"unknown split {part!r} of ccp ({root}); it has {', '.join(_SPLITS)}")
    pictures, mask_files, labels = _PUBLISHED if (root / _PUBLISHED[2]).is_file() else _SMALL
    first, last = _SPLITS[part]
    numbered = {int(mask.stem): mask for mask in root.glob(mask_files) if mask.stem.isdecimal()}
    masks = [numbered[number] for number in sorted(numbered) if first <= number <= last]
    if not masks or not (root / labels).is_file():
        raise DataError(
            f"{root} is no CCP folder with a {part} split: expected photos/, annotations/pixel-level/ and "
            "label_list.mat in it, or images/, masks/ and labels.json"
        )
    files = [(root / pictures / f"{mask.stem}.jpg", mask) for mask in masks]
    dataset = PartMaskDataset(name, files, part_values(_labels(root / labels)))
    return PseudoLabelled(dataset, model) if model else dataset


def _labels(path: Path) -> list[str]:
    """Return our label of each value of the masks."""
    try:
        names = read_matlab(path, "label_list") if path.suffix == ".mat" else json.loads(read_text(path))
        return [CCP_LABELS[str(name)] for name in names]
    except (ValueError, TypeError, KeyError) as error:
        raise DataError(f"{path}: expected a list of CCP's 59 names, found {error}; restore the file") from error
