"""Motion JPEG through a pipe: every picture is found, however the bytes are cut."""

import io
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from threading import Event
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgepose.runtime.errors import SourceError
from edgepose.runtime.sources import open_source
from edgepose.runtime.sources.standard_input import StandardInputSource, jpegs_in
from support.clips import dot_image, dot_place


def jpeg(index: int) -> bytes:
    written, buffer = cv2.imencode(".jpg", dot_image(*dot_place(index)))
    assert written
    return buffer.tobytes()


PICTURES = [jpeg(index) for index in range(3)]


class InPieces(io.RawIOBase):
    """Gives out bytes in pieces of given sizes, then the rest one by one."""

    def __init__(self, content: bytes, sizes: list[int]) -> None:
        self._content, self._sizes = io.BytesIO(content), iter(sizes)

    def read(self, _size: int = -1) -> bytes:
        return self._content.read(next(self._sizes, 7))


@given(sizes=st.lists(st.integers(1, 3000), max_size=8), between=st.binary(max_size=5), before=st.binary(max_size=5))
def test_every_picture_is_found_however_the_bytes_are_cut(sizes: list[int], between: bytes, before: bytes) -> None:
    # what looks like a beginning or an end is no rubbish between pictures
    rubbish = [noise.replace(b"\xff", b"") for noise in (before, between)]
    content = rubbish[0] + b"".join(picture + rubbish[1] for picture in PICTURES) + PICTURES[0][:-2]
    assert list(jpegs_in(InPieces(content, sizes).read, Event())) == PICTURES


def test_pictures_are_live_frames_and_what_cannot_be_decoded_is_passed_over() -> None:
    size = PICTURES[0].index(b"\xff\xc0") + 5  # of the frame's head: height and width follow
    huge = PICTURES[0][:size] + b"\xff\xf0\xff\xf0" + PICTURES[0][size + 4 :]
    broken = b"\xff\xd8\xff\xe0nothing\xff\xd9" + huge
    with StandardInputSource(io.BytesIO(PICTURES[0] + broken + PICTURES[1])) as source:
        assert (source.live, source.size_wh) == (True, dot_image(0, 0).shape[1::-1])
        images = list(source.images())
    assert len(images) == 2
    assert np.abs(images[1].astype(int) - dot_image(*dot_place(1))).mean() < 3


def test_the_end_can_be_wished_for_while_the_other_program_goes_on() -> None:
    def endless() -> Iterator[bytes]:
        while True:
            yield PICTURES[0]

    class Camera:
        def __init__(self) -> None:
            self._pictures = endless()

        def read(self, _size: int) -> bytes:
            return next(self._pictures)

    source = StandardInputSource(Camera())  # type: ignore[arg-type]
    for count, _ in enumerate(source.images(), 1):
        if count == 5:
            source.stop()
        assert count < 8


@pytest.mark.parametrize("content", [b"", b"no picture at all", PICTURES[0][:-2]])
def test_no_picture_is_one_clear_line(content: bytes) -> None:
    with pytest.raises(SourceError, match="no picture came on standard input; expected Motion JPEG") as caught:
        StandardInputSource(io.BytesIO(content))
    assert "\n" not in str(caught.value)


def test_a_silent_program_does_not_keep_a_run_that_is_over(tmp_path: Path) -> None:
    code = (
        "from edgepose.runtime.sources import open_source\n"
        "from edgepose.runtime.sources.newest_frame import NewestFrame\n"
        "with open_source('-') as source, NewestFrame(source, lambda: True) as frames: print(next(iter(frames)).index)"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as run:
        assert run.stdin is not None
        run.stdin.write(PICTURES[0])
        run.stdin.flush()  # and the pipe stays open
        assert run.wait(30) == 0
        run.stdin.close()
        assert run.stdout is not None
        assert run.stdout.read().strip() == b"0"


@pytest.mark.parametrize("nothing", ["terminal", "closed"])
def test_nothing_that_is_piped_is_one_clear_line(monkeypatch: pytest.MonkeyPatch, nothing: str) -> None:
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(isatty=lambda: True) if nothing == "terminal" else None)
    with pytest.raises(SourceError, match="nothing is piped into standard input; expected Motion JPEG, as of"):
        open_source("-")


def test_a_program_may_write_its_pictures_into_a_run(tmp_path: Path) -> None:
    (tmp_path / "pictures.mjpeg").write_bytes(b"".join(PICTURES))
    code = (
        "from edgepose.runtime.sources import open_source\n"
        "with open_source('-') as source: print(source.name, source.size_wh, sum(1 for _ in source))"
    )
    with (tmp_path / "pictures.mjpeg").open("rb") as pipe:
        told = subprocess.run([sys.executable, "-c", code], stdin=pipe, capture_output=True, text=True, check=True)
    width, height = dot_image(0, 0).shape[1::-1]
    assert told.stdout.strip() == f"standard input ({width}, {height}) 3"
