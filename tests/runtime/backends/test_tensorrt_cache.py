"""Engines on disk: what their names say, what makes them stale, what damage does."""

import logging
from dataclasses import astuple, fields, replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgepose.runtime.backends.tensorrt_cache import (
    ENGINE,
    KERNELS,
    EngineCache,
    EngineKey,
    engine_folder,
    engines_of,
)
from support.tiny_tensorrt import KEY

_TEXTS = st.text(max_size=12)
_KEYS = st.builds(EngineKey, *[_TEXTS] * len(fields(EngineKey)))
_CONTENT = bytes(range(256)) * 40


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


@pytest.mark.parametrize("kept", [0, 10, 30, 60, 5000, -1])
def test_a_truncated_engine_is_told_in_one_line_and_not_used(
    tmp_path: Path, kept: int, caplog: pytest.LogCaptureFixture
) -> None:
    cache = EngineCache(tmp_path)
    cache.store(KEY, _CONTENT)
    path = tmp_path / KEY.file_name()
    path.write_bytes(path.read_bytes()[:kept])
    with caplog.at_level(logging.WARNING):
        assert cache.load(KEY) is None
    assert len(caplog.messages) == 1
    assert caplog.messages[0].startswith(f"{path} is damaged (")
    cache.store(KEY, _CONTENT)
    assert cache.load(KEY) == _CONTENT


def test_a_foreign_engine_is_not_used(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / KEY.file_name()).write_bytes(b"vtrt" + _CONTENT)
    assert EngineCache(tmp_path).load(KEY) is None
    assert "it is no engine of edgepose" in caplog.text


@given(position=st.integers(0, len(_CONTENT) + 49), bit=st.integers(0, 7))
def test_no_flipped_bit_goes_unnoticed(tmp_path_factory: pytest.TempPathFactory, position: int, bit: int) -> None:
    folder = tmp_path_factory.mktemp("engines")
    EngineCache(folder).store(KEY, _CONTENT)
    path = folder / KEY.file_name()
    content = bytearray(path.read_bytes())
    content[position] ^= 1 << bit
    path.write_bytes(content)
    assert EngineCache(folder).load(KEY) is None


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
    assert engine_folder(tmp_path / "absent" / "tiny.trt.onnx") == expected
