"""How data is named: `kind:path[:split][@weight]`, and what is rendered `synthetic:COUNT[:SEED[:KIND]]`."""

import math
import re
from dataclasses import dataclass
from typing import Self

from edgepose.train.data.pose_dataset import DataError

_HIDDEN = "unlabelled "
_DRIVE = re.compile(r"[A-Za-z]:[\\/]")
_FOLDERS = re.compile(r"[\\/]")


@dataclass(frozen=True)
class DataSpec:
    """A name of data, taken apart.

    Of rendered people `path` is their number, and `split` the seed and what they do. Each person is drawn `weight`
    times an epoch on average. Where the labels are `hidden`, the name begins with "unlabelled".
    """

    kind: str
    path: str = ""
    split: str = ""
    weight: float = 1.0
    hidden: bool = False

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return what a name says; a drive of Windows is a part of the path, and so is an @ before the last folder.

        Raises `DataError` for a weight that is no positive number.
        """
        name, _, weight = text.removeprefix(_HIDDEN).rpartition("@")
        if not name or _FOLDERS.search(weight):
            name, weight = text.removeprefix(_HIDDEN), "1"
        kind, _, rest = name.partition(":")
        drive = 2 if _DRIVE.match(rest) else 0
        path, _, split = rest[drive:].partition(":")
        return cls(kind, rest[:drive] + path, split, _weight(weight, text), text.startswith(_HIDDEN))

    def __str__(self) -> str:
        """Return the name; a weight of 1 is left out."""
        place = f"{self.path}:{self.split}" if self.split else self.path
        return self._text([self.kind, place])

    def without_folders(self) -> str:
        """Return the name without where anything lies on this machine: for people, not to open it by."""
        parts = [self.kind, self.path, *self.split.split(":")]
        return self._text([part for part in parts if not _FOLDERS.search(part)])

    def _text(self, parts: list[str]) -> str:
        weight = "" if self.weight == 1 else f"@{self.weight:g}"
        return f"{_HIDDEN * self.hidden}{':'.join(part for part in parts if part)}{weight}"


def _weight(text: str, spec: str) -> float:
    try:
        weight = float(text)
    except ValueError:
        weight = 0.0
    if not 0 < weight < math.inf:
        raise DataError(f"the weight in {spec!r} is no positive number; expected kind:path[:split][@weight]")
    return weight
