"""The card of an ONNX file, read without an ONNX library."""

import contextlib
from pathlib import Path

import onnx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from onnx import helper

from edgepose.runtime.errors import CardError, ModelError
from edgepose.runtime.model_files.onnx_file import card_of_onnx, embedded_card
from support.tiny_card import tiny_card
from support.tiny_model import save_tiny_onnx, tiny_graph

_ONE_LINE = r"^[^\n]*tiny.onnx is no ONNX model, or is damaged: [^\n]*; export it again$"


def test_the_card_is_what_onnx_wrote(tmp_path: Path) -> None:
    card = tiny_card(licence="Ünïcode, and \n lines" * 50)
    assert embedded_card(save_tiny_onnx(tmp_path, card)) == card.to_json()
    assert card_of_onnx(tmp_path / "tiny.onnx") == card


def test_other_properties_are_not_taken_for_it(tmp_path: Path) -> None:
    graph = tiny_graph(tiny_card())
    helper.set_model_props(graph, {"edgepose.card.old": "{}", "author": "nobody"})
    onnx.save(graph, tmp_path / "tiny.onnx")
    assert embedded_card(tmp_path / "tiny.onnx") is None
    with pytest.raises(CardError, match="has no model card"):
        card_of_onnx(tmp_path / "tiny.onnx")


@pytest.mark.parametrize("kept", [0, 0.001, 0.25, 0.5, 0.99])
def test_a_truncated_file_is_one_clear_error(tmp_path: Path, kept: float) -> None:
    path = save_tiny_onnx(tmp_path, sidecar=False)
    content = path.read_bytes()
    path.write_bytes(content[: int(kept * len(content))])
    with pytest.raises(ModelError, match=_ONE_LINE):
        card_of_onnx(path)


def test_a_foreign_file_is_one_clear_error(tmp_path: Path) -> None:
    path = tmp_path / "tiny.onnx"
    path.write_bytes(b"\x89PNG\r\n\x1a\n" * 100)
    with pytest.raises(ModelError, match=_ONE_LINE):
        card_of_onnx(path)


def test_a_swapped_file_is_told_by_its_hash(tmp_path: Path) -> None:
    path = save_tiny_onnx(tmp_path)
    path.write_bytes(tiny_graph(tiny_card()).SerializeToString())
    with pytest.raises(CardError, match="is not the file of its card"):
        card_of_onnx(path)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.binary(max_size=200))
def test_no_bytes_raise_anything_else(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "tiny.onnx"
    path.write_bytes(content)
    with contextlib.suppress(ModelError):
        embedded_card(path)
