"""Engines on disk: what their names say, what makes them stale, what damage does."""

from dataclasses import astuple, fields, replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgepose.runtime.backends.tensorrt_build import build_engine
from edgepose.runtime.backends.tensorrt_cache import (
    ENGINE,
    KERNELS,
    DamagedError,
    EngineCache,
    EngineKey,
    engine_folder,
    engines_of,
    model_name,
)
from edgepose.runtime.errors import ModelError
from support.engines import tensorrt_or_skip
from support.tiny_card import tiny_card
from support.tiny_model import tiny_graph
from support.tiny_tensorrt import KEY

_TEXTS = st.text(max_size=12)
_KEYS = st.builds(EngineKey, *[_TEXTS] * len(fields(EngineKey)))
_CONTENT = bytes(range(256)) * 40
_ENGINE = b"vtrt" + _CONTENT
"""What begins as an engine of TensorRT-RTX does."""


@given(_KEYS, st.sampled_from([ENGINE, KERNELS]))
def test_a_name_says_what_the_engine_belongs_to(key: EngineKey, suffix: str) -> None:
    name = key.file_name(suffix)
    assert EngineKey.of_name(name) == key
    assert name.isascii()
    assert not set(name) & set('/\\:*?"<>| \n')


@given(_KEYS, _KEYS)
def test_two_keys_never_share_a_name(one: EngineKey, other: EngineKey) -> None:
    assert (one.file_name() == other.file_name()) == (one == other)


@given(st.text(max_size=60))
def test_other_names_have_no_key_or_are_read_back(name: str) -> None:
    key = EngineKey.of_name(name)
    assert key is None or len(astuple(key)) == len(fields(EngineKey))


def test_a_reader_finds_every_part_in_the_name() -> None:
    assert KEY.file_name() == (
        "tiny-fp16+NVIDIA%20GeForce%20RTX%204090+sm89+driver570.86.15+tensorrt-10.9.0.34+fp16+0123456789abcdef.engine"
    )


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"driver": "550.1"}, ["driver 550.1, now 570.86.15"]),
        ({"tensorrt": "tensorrt-10.3.0"}, ["TensorRT tensorrt-10.3.0, now tensorrt-10.9.0.34"]),
        ({"sha256": "f" * 16}, ["model ffffffffffffffff, now 0123456789abcdef"]),
        ({"driver": "550.1", "sha256": "f" * 16}, ["driver 550.1, now 570.86.15", "model " + "f" * 16 + ", now 01"]),
        ({"gpu": "Orin", "driver": "550.1"}, []),
        ({"compute": "87", "driver": "550.1"}, []),
        ({"model": "other", "sha256": "f" * 16}, []),
        ({"precision": "int8", "driver": "550.1"}, []),
        ({"tensorrt": "tensorrt-rtx-1.7.1.116"}, []),
        ({}, []),
    ],
)
def test_another_driver_tensorrt_or_model_makes_an_engine_stale(changes: dict[str, str], why: list[str]) -> None:
    found = replace(KEY, **changes).outdated_by(KEY)
    assert len(found) == len(why)
    assert all(line.startswith(start) for line, start in zip(found, why, strict=True))


def test_a_stale_engine_is_named_and_replaced_and_others_stay(tmp_path: Path) -> None:
    cache = EngineCache(tmp_path)
    old, elsewhere = replace(KEY, driver="550.1"), replace(KEY, gpu="Orin", compute="87")
    for key in (old, elsewhere):
        cache.store(key, _CONTENT)
    cache.store(old, _CONTENT, KERNELS)
    (tmp_path / "tiny-fp16.trt.onnx").touch()
    assert cache.load(KEY) is None
    assert {file.name for file in cache.outdated(KEY)} == {old.file_name(), old.file_name(KERNELS)}
    cache.store(KEY, b"new")
    expected = {KEY.file_name(), elsewhere.file_name(), "tiny-fp16.trt.onnx"}
    assert {file.name for file in tmp_path.iterdir()} == expected
    assert cache.load(KEY) == b"new"
    assert cache.load(elsewhere) == _CONTENT


@pytest.fixture
def built() -> bytes:
    """An engine of the tiny model, built by TensorRT-RTX."""
    return build_engine(tensorrt_or_skip(), tiny_graph(tiny_card()).SerializeToString(), "tiny")


def taken(content: bytes) -> bytes | None:
    """Stand for an engine that opens these bytes if they are TensorRT-RTX's."""
    return content if content.startswith(b"vtrt") else None


def never() -> bytes:
    pytest.fail("there was no reason to build")


def test_the_first_engine_is_built_and_the_next_start_uses_it(
    tmp_path: Path, built: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    cache = EngineCache(tmp_path)
    assert cache.ready(KEY, taken, lambda: built) == built
    assert caplog.messages == [
        "tiny-fp16: building the engine for NVIDIA GeForce RTX 4090, once, which takes minutes: none was kept"
    ]
    assert cache.ready(KEY, taken, never) == built
    assert len(caplog.messages) == 1


def test_a_stale_engine_is_told_in_one_line_and_replaced(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    cache, old = EngineCache(tmp_path), replace(KEY, driver="550.1", tensorrt="tensorrt-10.3.0")
    cache.store(old, b"vtrt of another age")
    assert cache.ready(KEY, taken, lambda: _ENGINE) == _ENGINE
    (line,) = caplog.messages
    why = "is out of date, driver 550.1, now 570.86.15, TensorRT tensorrt-10.3.0, now tensorrt-10.9.0.34"
    assert line.endswith(f"minutes: {old.file_name()} {why}")
    assert [file.name for file in tmp_path.iterdir()] == [KEY.file_name()]


@pytest.mark.parametrize("kept", [0, 10, 30, 60, 5000, -1])
def test_a_truncated_engine_is_told_in_one_line_and_built_anew(
    tmp_path: Path, kept: int, caplog: pytest.LogCaptureFixture
) -> None:
    cache, path = EngineCache(tmp_path), tmp_path / KEY.file_name()
    cache.store(KEY, _ENGINE)
    path.write_bytes(path.read_bytes()[:kept])
    assert cache.ready(KEY, taken, lambda: _ENGINE) == _ENGINE
    (line,) = caplog.messages
    assert f"minutes: {path} is damaged, " in line
    assert cache.ready(KEY, taken, never) == _ENGINE


def test_a_foreign_engine_is_built_anew(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / KEY.file_name()).write_bytes(_ENGINE)
    assert EngineCache(tmp_path).ready(KEY, taken, lambda: _ENGINE) == _ENGINE
    assert "is damaged, it is no engine of edgepose" in caplog.text


def test_what_tensorrt_does_not_take_is_built_anew_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    cache = EngineCache(tmp_path)
    cache.store(KEY, b"whole, but of nothing")
    assert cache.ready(KEY, taken, lambda: _ENGINE) == _ENGINE
    assert caplog.messages[0].endswith("TensorRT does not take the one that was kept")
    with pytest.raises(ModelError, match="does not take the engine that it built of tiny-fp16"):
        EngineCache(tmp_path / "other").ready(KEY, taken, lambda: b"nothing")
    assert not (tmp_path / "other").exists()


@given(position=st.integers(0, len(_CONTENT) + 49), bit=st.integers(0, 7))
def test_no_flipped_bit_goes_unnoticed(tmp_path_factory: pytest.TempPathFactory, position: int, bit: int) -> None:
    folder = tmp_path_factory.mktemp("engines")
    EngineCache(folder).store(KEY, _CONTENT)
    path = folder / KEY.file_name()
    content = bytearray(path.read_bytes())
    content[position] ^= 1 << bit
    path.write_bytes(content)
    with pytest.raises(DamagedError, match=r"^[^\n]* is damaged, [^\n]*$"):
        EngineCache(folder).load(KEY)


def test_what_cannot_be_kept_is_no_error(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "file").touch()
    EngineCache(tmp_path / "file").store(KEY, _CONTENT)
    assert len(caplog.messages) == 1
    assert caplog.messages[0].startswith("the engine is not kept: cannot write ")


def test_engines_lie_beside_their_model(tmp_path: Path) -> None:
    model = tmp_path / "tiny-fp16.trt.onnx"
    assert engine_folder(model) == tmp_path
    EngineCache(tmp_path).store(KEY, _CONTENT)
    EngineCache(tmp_path).store(replace(KEY, model="tiny-fp16-b"), _CONTENT)
    (tmp_path / "tiny-fp16+notes.txt").touch()
    assert engines_of(model) == [tmp_path / KEY.file_name()]
    assert engines_of(tmp_path / "tiny-int8.trt.onnx") == []


@pytest.mark.parametrize("cache_home", ["cache", ""])
def test_where_nothing_can_be_written_they_lie_in_the_users_cache(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cache_home: str
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / cache_home) if cache_home else "")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    expected = tmp_path / (cache_home or "home/.cache") / "edgepose" / "engines"
    folder = engine_folder(tmp_path / "absent" / "tiny.trt.onnx")
    assert folder.parent == expected
    assert engine_folder(tmp_path / "absent" / "other.trt.onnx") == folder
    assert engine_folder(tmp_path / "elsewhere" / "tiny.trt.onnx") != folder, "another model of the same name"


@pytest.mark.parametrize("name", ["net-int8", "\u59ff\u52e2" * 30, "a b" * 60])
def test_an_engine_of_any_model_has_a_name_that_fits_and_is_found(tmp_path: Path, name: str) -> None:
    model = tmp_path / f"{name}.trt.onnx"
    cache, key = EngineCache(tmp_path), replace(KEY, model=model_name(model))
    assert cache.load(key) is None
    cache.store(key, _CONTENT)
    assert cache.load(key) == _CONTENT
    assert engines_of(model) == [tmp_path / key.file_name()]
    assert engines_of(tmp_path / f"{name}x.trt.onnx") == []


def test_a_short_name_stays_as_it_is(tmp_path: Path) -> None:
    assert model_name(tmp_path / "net-int8.trt.onnx") == "net-int8"
