"""Data in memory: made once while there is room, never more than that."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgepose.profiles.probe import probe_this_machine
from edgepose.runtime.arrays import ImageArray
from edgepose.train.data import open_dataset
from edgepose.train.data.kept import Kept, memory_is_spare, room_bytes
from edgepose.train.data.pose_dataset import image_bytes


@pytest.fixture(autouse=True)
def spare(monkeypatch: pytest.MonkeyPatch) -> None:
    """There is memory to spare, whatever else this machine does."""
    monkeypatch.setattr("edgepose.train.data.kept.memory_is_spare", lambda: True)


def test_what_fits_is_made_once() -> None:
    made: list[int] = []

    def make(key: int) -> ImageArray:
        made.append(key)
        return np.full((10, 10, 3), key, np.uint8)

    kept = Kept(make, image_bytes, most_bytes=900)
    for key in (1, 2, 3, 2, 1, 3):
        assert kept(key)[0, 0, 0] == key
    assert made == [1, 2, 3]
    assert kept.bytes == 900
    for key in (4, 1, 4):
        assert kept(key)[0, 0, 0] == key
    assert made == [1, 2, 3, 4, 4]
    assert kept.bytes == 900


def test_who_walks_through_more_than_there_is_room_for_finds_a_part_of_it_each_time() -> None:
    made: list[int] = []
    kept = Kept(lambda key: made.append(key) or bytes(10), len, most_bytes=50)
    for _ in range(3):
        for key in range(10):
            kept(key)
    assert made == [*range(10), *range(5, 10), *range(5, 10)]


@given(st.lists(st.integers(0, 30), max_size=60), st.integers(0, 40))
def test_never_more_is_kept_than_there_is_room(keys: list[int], room: int) -> None:
    kept = Kept(lambda key: b"x" * key, len, most_bytes=room)
    for key in keys:
        assert len(kept(key)) == key
        assert kept.bytes <= room


def test_what_is_larger_than_all_the_room_is_made_each_time() -> None:
    kept = Kept(bytes, len, most_bytes=10)
    assert [len(kept(11)), len(kept(11)), kept.bytes] == [11, 11, 0]


@pytest.mark.research_data("lsp")
def test_data_sets_keep_what_they_decoded(monkeypatch: pytest.MonkeyPatch, research_data: Path) -> None:
    monkeypatch.setattr("edgepose.train.data.kept.room_bytes", lambda: 200_000)
    dataset = open_dataset(f"lsp:{research_data}/lsp:train")
    images = [dataset.sample(index).image_bgr for index in range(20)]
    assert sum(image.nbytes for image in images) > 200_000
    assert dataset.sample(0).image_bgr is images[0]
    assert dataset.sample(19).image_bgr is not images[19]


def test_nothing_more_is_kept_once_memory_is_short(monkeypatch: pytest.MonkeyPatch) -> None:
    kept = Kept(lambda key: bytes(10) + bytes([key]), len, most_bytes=100)
    first = kept(1)
    monkeypatch.setattr("edgepose.train.data.kept.memory_is_spare", lambda: False)
    assert kept(1) is first
    assert kept(2) is not kept(2)
    assert kept.bytes == 11


@pytest.mark.parametrize(("available", "spare"), [(25, True), (24, False)])
def test_a_quarter_of_the_memory_is_left_to_others(
    monkeypatch: pytest.MonkeyPatch, available: int, spare: bool
) -> None:
    memory = SimpleNamespace(total=100, available=available)
    monkeypatch.setattr("psutil.virtual_memory", lambda: memory)
    monkeypatch.setattr("edgepose.train.data.kept.granted_memory_bytes", lambda: None)
    assert memory_is_spare() == spare


def test_a_process_for_every_core_leaves_most_of_the_memory() -> None:
    machine = probe_this_machine()
    memory_mb = machine.memory_mb or 4096  # not every system tells
    assert 0 < room_bytes() * machine.cores <= memory_mb * 2**20 / 8


@pytest.mark.parametrize(("used", "spare"), [(74, True), (76, False)])
def test_a_containers_memory_counts_where_the_machine_has_more(
    monkeypatch: pytest.MonkeyPatch, used: int, *, spare: bool
) -> None:
    monkeypatch.setattr("edgepose.train.data.kept.psutil.virtual_memory", lambda: SimpleNamespace(total=9, available=9))
    monkeypatch.setattr("edgepose.train.data.kept.granted_memory_bytes", lambda: (100, used))
    assert memory_is_spare() == spare
