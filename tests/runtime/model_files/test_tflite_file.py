import contextlib
import zipfile
from pathlib import Path

import numpy as np
import pytest

from edgepose.runtime.errors import ModelError
from edgepose.runtime.model_files.card import TFLITE_CARD_MEMBER, ModelCard
from edgepose.runtime.model_files.tflite_file import embedded_card, with_card
from support.tiny_model import tiny_card

FLATBUFFER = b"\x1c\0\0\0TFL3" + bytes(range(256)) * 20


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "model.tflite"
    path.write_bytes(with_card(FLATBUFFER, tiny_card(format="tflite")))
    return path


def test_the_card_comes_back(path: Path) -> None:
    assert ModelCard.from_json(embedded_card(path) or "") == tiny_card(format="tflite")


def test_the_flatbuffer_is_left_as_it_is_and_any_unzip_opens_the_rest(path: Path) -> None:
    assert path.read_bytes().startswith(FLATBUFFER)
    with zipfile.ZipFile(path) as archive:
        assert TFLITE_CARD_MEMBER in archive.namelist()
        assert archive.testzip() is None


def test_the_same_model_is_the_same_file() -> None:
    card = tiny_card(format="tflite")
    assert with_card(FLATBUFFER, card) == with_card(FLATBUFFER, card)


def test_without_an_archive_there_is_no_card(path: Path) -> None:
    path.write_bytes(FLATBUFFER)
    assert embedded_card(path) is None


@pytest.mark.parametrize("content", [b"", b"TFL3", b"PK\3\4" * 9, b"\0\0\0\0TFL2" + b"\0" * 99], ids=len)
def test_what_is_no_flatbuffer_is_an_error_that_says_what_was_found(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    with pytest.raises(ModelError, match=r"is not a TFLite model: expected TFL3 at byte 4, found b'[^\n]*; export it"):
        embedded_card(path)


def test_an_absent_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="No such file or directory; check the path"):
        embedded_card(tmp_path / "nothing.tflite")


def test_an_archive_of_somebody_else_is_an_error(path: Path) -> None:
    path.write_bytes(FLATBUFFER)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("labels.txt", "person")
    with pytest.raises(ModelError, match=r"damaged at its end, where the card is: [^\n]*edgepose.card.json"):
        embedded_card(path)


def test_the_model_of_another_card_is_an_error(path: Path) -> None:
    content = path.read_bytes()
    path.write_bytes(FLATBUFFER[:-1] + b"!" + content[len(FLATBUFFER) :])
    with pytest.raises(ModelError, match="is not the model of the card inside"):
        embedded_card(path)


def test_any_damage_at_the_end_is_an_error_or_does_not_matter(path: Path, rng: np.random.Generator) -> None:
    content, card = path.read_bytes(), embedded_card(path)
    for _ in range(500):
        damaged = bytearray(content)
        for at in rng.integers(len(FLATBUFFER), len(content), rng.integers(1, 5)):
            damaged[at] = rng.integers(256)
        path.write_bytes(damaged)
        with contextlib.suppress(ModelError):
            assert embedded_card(path) in {card, None}
