"""What a model's tensor is called and looks like."""

from dataclasses import dataclass

from edgepose.runtime.arrays import Array
from edgepose.runtime.errors import TensorError


@dataclass(frozen=True)
class TensorSpec:
    """One input or output: its name, numpy dtype name, and shape, -1 standing for any length."""

    name: str
    dtype: str
    shape: tuple[int, ...]

    def __str__(self) -> str:
        return f"{self.name} {self.dtype} {_dimensions(self.shape)}"

    def check(self, array: Array) -> None:
        """Raise `TensorError`, naming what was expected, unless `array` has this dtype and shape."""
        fits = len(array.shape) == len(self.shape) and all(map(_fits, self.shape, array.shape))
        if array.dtype != self.dtype or not fits:
            raise TensorError(
                f"expected {self}, found {array.dtype} {_dimensions(array.shape)}; convert it before the run"
            )

    def agrees(self, other: "TensorSpec") -> bool:
        """Return whether two specs have the same name, dtype and rank, and no two known lengths differ."""
        same = (self.name, self.dtype, len(self.shape)) == (other.name, other.dtype, len(other.shape))
        return same and all(_fits(a, b) or b < 0 for a, b in zip(self.shape, other.shape, strict=True))


def _fits(expected: int, found: int) -> bool:
    return expected < 0 or expected == found


def _dimensions(shape: tuple[int, ...]) -> str:
    return "(" + ", ".join(str(n) if n >= 0 else "any" for n in shape) + ")"
