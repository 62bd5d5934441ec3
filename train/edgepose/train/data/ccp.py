"""Clothing Co-Parsing in its own layout: `images/`, `masks/` and the names of the masks' values in `labels.json`."""

import json
from pathlib import Path

from edgepose.train.data.part_labels import CCP_LABELS, part_values
from edgepose.train.data.part_masks import PartMaskDataset
from edgepose.train.data.pose_dataset import DataError, PoseDataset
from edgepose.train.data.pseudo_labels import PseudoLabelled
from edgepose.train.data.text_files import read_text

_SPLITS = {"train": slice(0, 804), "test": slice(804, None), "all": slice(None)}


def open_ccp(name: str, root: Path, split: str = "all") -> PoseDataset:
    """Open CCP: `train` is the first 804 pictures, `test` the other 200, `all` both. Nobody has joints.

    `SPLIT:MODEL` gives everybody the joints that a model finds: a name that ships or a file. Raises `DataError` for
    another split or layout.
    """
    part, _, model = split.partition(":")
    if part not in _SPLITS:
        raise DataError(f"unknown split {part!r} of ccp ({root}); it has {', '.join(_SPLITS)}")
    masks = sorted((root / "masks").glob("*.png"))[_SPLITS[part]]
    if not masks or not (root / "labels.json").is_file():
        raise DataError(f"{root} is no CCP folder with a {part} split: expected images/, masks/ and labels.json in it")
    files = [(root / "images" / f"{mask.stem}.jpg", mask) for mask in masks]
    dataset = PartMaskDataset(name, files, part_values(_labels(root / "labels.json")))
    return PseudoLabelled(dataset, model) if model else dataset


def _labels(path: Path) -> list[str]:
    """Return our label of each value of the masks."""
    try:
        names = json.loads(read_text(path))
        return [CCP_LABELS[name] for name in names]
    except (ValueError, TypeError, KeyError) as error:
        raise DataError(f"{path}: expected a list of CCP's 59 names, found {error}; restore the file") from error
