import copy
import json
from contextlib import nullcontext
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgepose.profiles.result import STAGES, ResultError, validate_result

DISTRIBUTION = {"p50": 1.0, "p90": 2.0, "p95": 2, "p99": 3.0, "max": 4.0, "n": 10}
LOAD = {"average_1min": None, "others_percent": 0.5}
RESULT: dict[str, Any] = {
    "model": "net.onnx",
    "environment": {
        **dict.fromkeys(("edgepose", "python", "system", "cpu", "architecture", "profile", "engine"), "x"),
        **dict.fromkeys(("engine_version", "device", "precision", "source"), "x"),
        "sha256": {"net.onnx": "abc"},
        "cores": 2,
        "threads": 2,
        "memory_mb": 100,
        "is_sequence": True,
        "frame_wh": [640, 480],
        "most_people": 1,
        "everybody": False,
        "min_score": None,
        "draws": True,
        "frames_with_people": 9,
        "warmup": {"network": 10, "frames": 10},
        "load_before": LOAD,
        "load_during": LOAD,
    },
    "network_ms": DISTRIBUTION,
    "pipeline_ms": DISTRIBUTION,
    "stages_ms": dict.fromkeys(STAGES, DISTRIBUTION),
    "fps": 30.0,
    "dropped": 0,
    "rss_mb": 100.0,
    "size_mb": 1.5,
    "first_pose_ms": 300.0,
    "sustained": [{"start_s": 0.0, "network_ms": DISTRIBUTION, "clock_mhz": None, "hottest_c": 50.0, "rss_mb": 90.5}],
    "budget": [{"name": "fps", "limit": 25.0, "measured": 30.0, "met": True}],
}


def _dicts(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    own = [path] if isinstance(value, dict) else []
    return own + [found for key, part in items for found in _dicts(part, (*path, key))]


def _at(document: Any, path: tuple[Any, ...]) -> Any:
    for key in path:
        document = document[key]
    return document


def test_a_result_survives_json() -> None:
    validate_result(json.loads(json.dumps(RESULT)))


@pytest.mark.parametrize(("hottest_c", "valid"), [(-40.0, True), (None, True), (float("nan"), False), ("hot", False)])
def test_a_device_may_be_out_in_the_cold(hottest_c: object, *, valid: bool) -> None:
    document = copy.deepcopy(RESULT)
    document["sustained"][0]["hottest_c"] = hottest_c
    with nullcontext() if valid else pytest.raises(ResultError, match="expected degrees/null"):
        validate_result(document)


@given(
    path=st.sampled_from(_dicts(RESULT)).filter(lambda path: path[-1:] != ("sha256",)),
    key=st.text(max_size=10),
)
def test_an_unknown_key_anywhere_is_refused(path: tuple[Any, ...], key: str) -> None:
    document = copy.deepcopy(RESULT)
    target = _at(document, path)
    if key in target:
        return
    target[key] = 1
    with pytest.raises(ResultError, match="unknown"):
        validate_result(document)


@given(data=st.data())
def test_a_missing_or_malformed_value_anywhere_is_refused(data: st.DataObject) -> None:
    document = copy.deepcopy(RESULT)
    path = data.draw(st.sampled_from(_dicts(RESULT)))
    target = _at(document, path)
    key = data.draw(st.sampled_from(sorted(target)))
    if path[-1:] != ("sha256",) and data.draw(st.booleans()):
        del target[key]
    else:
        # a model of no file that has a hash is well-formed
        nothing: list[object] = [] if key == "sha256" else [{}]
        negative = [-1] if key != "hottest_c" else []
        target[key] = data.draw(st.sampled_from([float("nan"), "", [-1], float("inf"), *negative, *nothing]))
    with pytest.raises(ResultError, match="result"):
        validate_result(document)


@pytest.mark.parametrize(("key", "value"), [("fps", 10**400), ("model", "a lone \ud800"), ("dropped", True)])
def test_what_no_table_can_show_is_refused(key: str, value: object) -> None:
    with pytest.raises(ResultError, match=rf"result\.{key}: expected"):
        validate_result({**RESULT, key: value})


@pytest.mark.parametrize("document", [None, [], 3, "text"])
def test_anything_else_is_refused(document: object) -> None:
    with pytest.raises(ResultError, match="an object"):
        validate_result(document)
