"""Reading JSON of which every key and type is known: whatever else is there is a `CardError`."""

import json
import math
from collections.abc import Collection
from typing import Any, NoReturn

from edgepose.runtime.errors import CardError


def parse(text: str, where: str) -> Any:
    """Return the JSON value of `text`.

    Raises `CardError` for anything but finite numbers and unique keys; `where` names the document in it.
    """
    try:
        return json.loads(text, parse_float=_finite, parse_constant=_refuse, object_pairs_hook=_unique)
    except (ValueError, RecursionError) as error:
        raise CardError(f"{where} is not valid JSON ({error}); write it anew with edgepose export") from error


def _finite(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        _refuse(digits)
    return number


def _refuse(digits: str) -> NoReturn:
    raise ValueError(f"number {digits} is not finite")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    values = dict(pairs)
    if len(values) != len(pairs):
        raise ValueError("a key stands twice")
    return values


def as_object(value: object, where: str, keys: Collection[str] | None = None) -> dict[str, Any]:
    """Return a JSON object, with exactly `keys` where they are given."""
    if not isinstance(value, dict):
        raise CardError(f"{where}: expected an object, found {_short(value)}")
    if keys is not None and set(value) != set(keys):
        missing, unknown = sorted(set(keys) - set(value)), sorted(set(value) - set(keys))
        raise CardError(f"{where}: missing keys {missing}, unknown keys {unknown}; docs/model-card.md lists them")
    return value


def as_list(value: object, where: str, length: int | None = None) -> list[Any]:
    """Return a JSON list, of `length` where it is given."""
    if not isinstance(value, list) or (length is not None and len(value) != length):
        raise CardError(f"{where}: expected a list{f' of {length}' if length else ''}, found {_short(value)}")
    return value


def as_text(value: object, where: str) -> str:
    """Return a JSON string."""
    if not isinstance(value, str):
        raise CardError(f"{where}: expected a text, found {_short(value)}")
    return value


def as_number(value: object, where: str) -> float:
    """Return a JSON number as a float."""
    if isinstance(value, bool) or not isinstance(value, int | float) or abs(value) > 1e300:
        raise CardError(f"{where}: expected a number, found {_short(value)}")
    return float(value)


def as_int(value: object, where: str) -> int:
    """Return a JSON whole number of at most 31 bits."""
    if isinstance(value, bool) or not isinstance(value, int) or abs(value) >= 2**31:
        raise CardError(f"{where}: expected a whole number, found {_short(value)}")
    return value


def as_size(value: object, where: str) -> tuple[int, int]:
    """Return a JSON list of two whole numbers: width and height."""
    width, height = as_list(value, where, 2)
    return as_int(width, where), as_int(height, where)


def _short(value: object) -> str:
    text = ascii(value)
    return text if len(text) <= 60 else text[:57] + "..."
