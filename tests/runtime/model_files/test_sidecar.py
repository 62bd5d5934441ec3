import json
from dataclasses import replace
from pathlib import Path

import pytest

from edgepose.runtime.errors import CardError, ModelError
from edgepose.runtime.model_files.sidecar import agreed_card, model_files, read_sidecar, sidecar_path, write_sidecar
from support.tiny_model import tiny_card


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """An OpenVINO model as far as a sidecar can tell."""
    path = tmp_path / "m.xml"
    path.write_bytes(b"layers")
    path.with_suffix(".bin").write_bytes(b"weights")
    return path


def test_a_sidecar_gives_the_card_back(model: Path) -> None:
    assert write_sidecar(model, tiny_card()) == model.with_name("m.xml.card.json") == sidecar_path(model)
    assert read_sidecar(model) == tiny_card()
    assert sorted(json.loads(sidecar_path(model).read_text())["files"]) == ["m.bin", "m.xml"]


def test_no_sidecar_is_no_card(model: Path) -> None:
    assert read_sidecar(model) is None


@pytest.mark.parametrize("suffix", [".xml", ".bin"])
def test_an_altered_file_is_an_error_that_names_it(model: Path, suffix: str) -> None:
    write_sidecar(model, tiny_card())
    model.with_suffix(suffix).write_bytes(b"altered")
    with pytest.raises(CardError, match=rf"m{suffix} is not the file of its card: expected SHA-256 \w+..., found \w+"):
        read_sidecar(model)


@pytest.mark.parametrize("suffix", [".xml", ".bin"])
def test_an_absent_file_is_an_error_that_names_it(model: Path, suffix: str) -> None:
    model.with_suffix(suffix).unlink()
    with pytest.raises(ModelError, match=rf"model file .*m{suffix} is absent"):
        model_files(model)


@pytest.mark.parametrize("content", [b"", b"{}", b"[]", b'{"files": {}, "card": {}}', b"\xff\xfe"])
def test_a_malformed_sidecar_is_an_error(model: Path, content: bytes) -> None:
    sidecar_path(model).write_bytes(content)
    with pytest.raises(CardError, match=r"m.xml.card.json"):
        read_sidecar(model)


def test_the_sidecar_of_another_model_is_an_error_that_says_so(model: Path) -> None:
    write_sidecar(model, tiny_card())
    content = sidecar_path(model).read_bytes().replace(b"m.xml", b"left.xml")
    sidecar_path(model).write_bytes(content)
    with pytest.raises(CardError, match=r"m.xml.card.json is the card of left.xml, m.bin, not of m.xml; put back"):
        read_sidecar(model)


def test_the_card_inside_and_the_one_beside_must_agree() -> None:
    inside = replace(tiny_card(), precision="int8", licence="MIT").to_json()
    with pytest.raises(CardError, match=r"the card inside and m.onnx.card.json disagree in precision, licence"):
        agreed_card(Path("m.onnx"), inside, tiny_card())


def test_one_card_of_the_two_is_enough() -> None:
    card = tiny_card()
    assert agreed_card(Path("m.onnx"), card.to_json(), None) == card
    assert agreed_card(Path("m.onnx"), None, card) == card
    assert agreed_card(Path("m.onnx"), card.to_json(), card) == card


def test_no_card_at_all_is_an_error() -> None:
    with pytest.raises(CardError, match=r"neither inside nor as m.onnx.card.json"):
        agreed_card(Path("m.onnx"), None, None)
