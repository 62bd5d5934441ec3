import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgepose.runtime.codecs.body_part import BodyPartCodec
from edgepose.runtime.codecs.heatmap import HeatmapCodec
from edgepose.runtime.errors import CardError
from edgepose.runtime.model_files.card import CropRule, ModelCard
from edgepose.runtime.skeleton import LSP_14
from support.strategies import cards, json_values
from support.tiny_model import tiny_card


@given(cards())
def test_a_card_survives_json(card: ModelCard) -> None:
    assert ModelCard.from_json(card.to_json()) == card


@given(json_values)
def test_any_other_json_raises_only_card_errors(value: Any) -> None:
    with pytest.raises(CardError):
        ModelCard.from_json(json.dumps(value))


@given(st.text())
def test_any_other_text_raises_only_card_errors(text: str) -> None:
    with pytest.raises(CardError):
        ModelCard.from_json(text)


def paths_of(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(p for key, child in children for p in paths_of(child, (*path, key)))]


def with_changed(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    if not path:
        return new
    copy = value.copy()
    copy[path[0]] = with_changed(value[path[0]], path[1:], new)
    return copy


WELL_FORMED = json.loads(tiny_card().to_json())
OF_EVERYBODY = {**WELL_FORMED, "skeleton": "simplepose-18", "codec": BodyPartCodec((48, 64), (12, 16)).to_dict()}
PATHS = [(card, path) for card in (WELL_FORMED, OF_EVERYBODY) for path in paths_of(card)]


@given(st.sampled_from(PATHS), json_values)
def test_a_card_with_one_value_changed_is_read_or_raises_a_card_error(
    place: tuple[dict[str, Any], tuple[Any, ...]], value: Any
) -> None:
    try:
        card = ModelCard.from_json(json.dumps(with_changed(*place, value)))
    except CardError:
        return
    assert ModelCard.from_json(card.to_json()) == card


@given(st.integers(0, len(tiny_card().to_json()) - 1))
def test_a_truncated_card_raises_a_card_error(length: int) -> None:
    with pytest.raises(CardError, match="is not valid JSON"):
        ModelCard.from_json(tiny_card().to_json()[:length])


@pytest.mark.parametrize("key", sorted(WELL_FORMED))
def test_a_missing_key_is_named(key: str) -> None:
    values = {k: v for k, v in WELL_FORMED.items() if k != key}
    with pytest.raises(CardError, match=rf"missing keys \['{key}'\], unknown keys \[\]"):
        ModelCard.from_value(values)


def test_an_unknown_key_is_named() -> None:
    with pytest.raises(CardError, match=r"unknown keys \['colour_order'\]"):
        ModelCard.from_value({**WELL_FORMED, "colour_order": "rgb"})


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"colour": "bgr"}, "colour: expected one of rgb, found 'bgr'"),
        ({"precision": "int4"}, "precision: expected one of fp32, fp16, int8"),
        ({"format": "tea"}, "format: expected one of onnx"),
        ({"skeleton": "octopus-8"}, "unknown skeleton 'octopus-8'; known: lsp-14"),
        ({"crop": CropRule(0.0)}, "crop.padding: expected a factor above 0"),
        ({"presence_threshold": 30.0}, "presence_threshold: expected 0 to 1, found 30.0"),
        ({"network": {}}, 'network: expected a "name"'),
        ({"codec": {"kind": "magic"}}, "unknown kind of codec 'magic'; known: heatmap, body-parts"),
        ({"codec": {"kind": ["heatmap"]}}, "unknown kind of codec"),
        ({"codec": {"kind": "heatmap"}}, "a heatmap codec: missing keys"),
        ({"codec": BodyPartCodec((48, 64), (12, 16)).to_dict()}, "body parts are of simplepose-18; found lsp-14"),
        ({"codec": HeatmapCodec((64, 64), (16, 16), 2.0).to_dict()}, r"codec.input_wh: expected \(48, 64\)"),
    ],
)
def test_a_value_that_no_model_can_have_is_an_error(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(CardError, match=message):
        replace(tiny_card(), **changes)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"schema": 1, "schema": 1}', "a key stands twice"),
        ('{"a": NaN}', "NaN is not finite"),
        ('{"a": 1e999}', "1e999 is not finite"),
        ("[" * 100_000, "is not valid JSON"),
    ],
)
def test_what_other_readers_of_json_let_pass_is_an_error(text: str, message: str) -> None:
    with pytest.raises(CardError, match=message):
        ModelCard.from_json(text)


def test_a_later_schema_is_an_error() -> None:
    with pytest.raises(CardError, match="expected schema 1, found 2"):
        ModelCard.from_value({**WELL_FORMED, "schema": 2})


def test_what_json_cannot_hold_is_an_error() -> None:
    with pytest.raises(CardError, match="holds a value that JSON cannot"):
        replace(tiny_card(), provenance={"seed": object()}).to_json()


def test_the_parts_of_a_card_are_objects() -> None:
    assert tiny_card().skeleton_object() is LSP_14
    assert tiny_card().codec_object() == HeatmapCodec((48, 64), (12, 16), 6.0)


def test_differences_name_the_fields() -> None:
    assert tiny_card().differences(replace(tiny_card(), precision="int8", licence="MIT")) == ["precision", "licence"]


def test_the_documentation_names_every_key() -> None:
    text = (Path(__file__).parents[3] / "docs" / "model-card.md").read_text(encoding="utf-8")
    rows = {
        key
        for line in text.splitlines()
        if line.startswith("| `")
        for key in re.findall(r"`(\w+)`", line.split("|")[1])
    }
    assert rows == set(WELL_FORMED)
