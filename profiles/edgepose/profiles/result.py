"""The closed schema of what `edgepose profile --json` writes."""

import sys
from collections.abc import Mapping
from typing import Any

from edgepose.profiles.errors import EdgeposeError
from edgepose.profiles.schema import kind_of, one_line

FRAME_STAGES = ("capture", "crop", "infer", "decode", "smooth", "draw")
"""The stages of a frame, in the order in which they happen."""
STAGES = (*FRAME_STAGES, "age")
"""What is told of each frame; `age` is no work but the time from its capture to its result."""

_TEXT, _NUMBER, _COUNT, _FLAG, _MAYBE_NUMBER, _TEMPERATURE = (
    "text",
    "a number of at least 0",
    "a count",
    "true or false",
    "number/null",
    "degrees/null",
)
_LARGEST = sys.float_info.max
_DISTRIBUTION = {**dict.fromkeys(("p50", "p90", "p95", "p99", "max"), _NUMBER), "n": _COUNT}
_LOAD = {"average_1min": _MAYBE_NUMBER, "others_percent": _NUMBER}
_ENVIRONMENT = {
    "edgepose": _TEXT,
    "python": _TEXT,
    "system": _TEXT,
    "cpu": _TEXT,
    "architecture": _TEXT,
    "cores": _COUNT,
    "memory_mb": _MAYBE_NUMBER,
    "profile": _TEXT,
    "engine": _TEXT,
    "engine_version": _TEXT,
    "device": _TEXT,
    "threads": _COUNT,
    "precision": _TEXT,
    "sha256": {"*": _TEXT},
    "source": _TEXT,
    "is_sequence": _FLAG,
    "draws": _FLAG,
    "frame_wh": [_COUNT],
    "most_people": _COUNT,
    "everybody": _FLAG,
    "min_score": _MAYBE_NUMBER,
    "frames_with_people": _COUNT,
    "warmup": {"network": _COUNT, "frames": _COUNT},
    "load_before": _LOAD,
    "load_during": _LOAD,
}
# "*" stands for any keys, a list for any number of its one entry
_RESULT: dict[str, Any] = {
    "model": _TEXT,
    "environment": _ENVIRONMENT,
    "network_ms": _DISTRIBUTION,
    "pipeline_ms": _DISTRIBUTION,
    "stages_ms": dict.fromkeys(STAGES, _DISTRIBUTION),
    "fps": _NUMBER,
    "dropped": _COUNT,
    "rss_mb": _NUMBER,
    "size_mb": _NUMBER,
    "first_pose_ms": _MAYBE_NUMBER,
    "sustained": [
        {
            "start_s": _NUMBER,
            "network_ms": _DISTRIBUTION,
            "clock_mhz": _MAYBE_NUMBER,
            "hottest_c": _TEMPERATURE,
            "rss_mb": _MAYBE_NUMBER,
        }
    ],
    "budget": [{"name": _TEXT, "limit": _NUMBER, "measured": _MAYBE_NUMBER, "met": _FLAG}],
}


class ResultError(EdgeposeError):
    """A document is not a result of `edgepose profile --json`."""


def validate_result(document: object) -> None:
    """Require that a parsed JSON document is a result of `edgepose profile --json`.

    Raises `ResultError` naming the first key that is unknown, missing or of the wrong kind.
    """
    _check(document, _RESULT, "result")


def _check(value: object, shape: Any, where: str) -> None:
    if isinstance(shape, dict):
        _check_keys(value, shape, where)
    elif isinstance(shape, list):
        if not isinstance(value, list):
            raise _wrong(value, "a list", where)
        for i, item in enumerate(value):
            _check(item, shape[0], f"{where}[{i}]")
    elif not _is_a(value, shape):
        raise _wrong(value, shape, where)


def _check_keys(value: object, shape: Mapping[str, Any], where: str) -> None:
    if not isinstance(value, dict):
        raise _wrong(value, "an object", where)
    if set(shape) == {"*"}:
        shape = dict.fromkeys(value, shape["*"])
    if set(value) != set(shape):
        missing, unknown = sorted(set(shape) - set(value)), sorted(map(str, set(value) - set(shape)))
        raise ResultError(f"{where}: expected exactly {', '.join(shape)}; missing {missing}, unknown {unknown}")
    for key, part in shape.items():
        _check(value[key], part, f"{where}.{key}")


def _is_a(value: object, kind: str) -> bool:
    if kind == _TEXT:
        return isinstance(value, str) and bool(value) and not any("\ud800" <= letter <= "\udfff" for letter in value)
    if kind == _FLAG:
        return isinstance(value, bool)
    if kind == _COUNT:
        return type(value) is int and value >= 0
    if kind in (_MAYBE_NUMBER, _TEMPERATURE) and value is None:
        return True
    least = -_LARGEST if kind == _TEMPERATURE else 0
    return isinstance(value, (int, float)) and not isinstance(value, bool) and least <= value <= _LARGEST


def _wrong(value: object, expected: str, where: str) -> ResultError:
    return ResultError(f"{where}: expected {expected}, found {kind_of(value)} {one_line(repr(value))[:60]}")
