"""What the fields of a configuration may be, in tables: one word of several, a number in a range."""

import math
from collections.abc import Mapping, Sequence
from typing import Any, Literal, get_args, get_origin, get_type_hints

from edgepose.profiles.errors import EdgeposeError

Ranges = Mapping[str, tuple[float, float]]
"""Of each field the least and the most that it may be."""


def check_values(config: Any, ranges: Ranges) -> None:
    """Raise `EdgeposeError` where a field of a dataclass is none of its `Literal`'s words, or out of its range."""
    for name, kind in get_type_hints(type(config)).items():
        if get_origin(kind) is Literal and getattr(config, name) not in get_args(kind):
            known = ", ".join(get_args(kind))
            raise EdgeposeError(f"{name} is one of {known}; found {getattr(config, name)!r}")
    for name, bounds in ranges.items():
        check_range(name, getattr(config, name), *bounds)


def check_range(name: str, value: float, least: float, most: float) -> None:
    """Raise `EdgeposeError` where a number is not from `least` to `most`, or not finite."""
    if not (least <= value <= most and math.isfinite(value)):
        expected = f"from {least:g} to {most:g}" if math.isfinite(most) else f"of {least:g} or more"
        raise EdgeposeError(f"{name} is a number {expected}; found {value!r}")


def check_choice(name: str, value: float, known: Sequence[float]) -> None:
    """Raise `EdgeposeError` where a number is none of those known."""
    if value not in known:
        raise EdgeposeError(f"{name} is one of {', '.join(map(str, known))}; found {value!r}")


def check_numbers(name: str, values: Any, length: int) -> None:
    """Raise `EdgeposeError` where a value is no tuple of so many numbers."""
    numbers = isinstance(values, tuple) and all(isinstance(value, int | float) for value in values)
    if not numbers or len(values) != length:
        raise EdgeposeError(f"{name} is {length} numbers; found {values!r}")
