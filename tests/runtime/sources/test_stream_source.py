"""Streams, from a real HTTP server on this machine."""

import socketserver
import threading
import time
from collections import deque
from functools import partial
from http.server import BaseHTTPRequestHandler, SimpleHTTPRequestHandler
from itertools import islice
from pathlib import Path
from typing import BinaryIO

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgepose.runtime.errors import SourceError
from edgepose.runtime.pipeline import Pipeline
from edgepose.runtime.sinks import JsonLinesSink
from edgepose.runtime.sources import open_source
from edgepose.runtime.sources.stream import StreamSource, without_password
from support.clips import SIZE_WH, DotEstimator, dot_image, write_clip
from support.web_server import serving

pytestmark = [pytest.mark.enable_socket]


class _MotionJpeg(BaseHTTPRequestHandler):
    """Sends ten pictures to each of the first two callers, then turns everyone away."""

    callers = 0

    def do_GET(self) -> None:
        type(self).callers += 1
        if self.callers > 2:
            self.send_error(503)
            return
        self.send_response(200)
        self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=frame")
        self.end_headers()
        jpeg = cv2.imencode(".jpg", dot_image(20, 20))[1].tobytes()
        for _ in range(10):
            head = f"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: {len(jpeg)}\r\n\r\n"
            self.wfile.write(head.encode() + jpeg + b"\r\n")

    def log_message(self, *args: object) -> None:
        pass


class _Files(SimpleHTTPRequestHandler):
    def log_message(self, *args: object) -> None:
        pass


def test_a_live_stream_is_joined_again_and_given_up_in_the_end() -> None:
    class Handler(_MotionJpeg):
        callers = 0

    with serving(Handler) as url, StreamSource(f"{url}/cam.mjpg", away_s=0.3, pause_s=0.01) as source:
        assert source.live
        assert source.size_wh == SIZE_WH
        indexes = []
        with pytest.raises(
            SourceError, match=r"broke off after \d+ frames and stayed away; it was waited for 0.3 seconds"
        ):
            indexes.extend(frame.index for frame in source)
        assert source.reconnects == 1
        assert Handler.callers >= 3


def test_the_time_that_a_stream_was_away_counts_as_frames_that_never_came() -> None:
    class Handler(_MotionJpeg):
        callers = 0

    with serving(Handler) as url, StreamSource(f"{url}/cam.mjpg", away_s=0.1, pause_s=0.2) as source:
        indexes = []
        with pytest.raises(SourceError, match="broke off"):
            indexes.extend(frame.index for frame in source)
        gaps = np.diff(indexes)
        assert gaps.max() - 1 == source.missed >= 0.2 * source.playback_fps
        assert sorted(gaps)[:-1] == [1] * (len(gaps) - 1)


def test_closing_ends_the_wait_for_the_next_try() -> None:
    class Handler(_MotionJpeg):
        callers = 1

    with serving(Handler) as url:
        source = StreamSource(f"{url}/cam.mjpg", pause_s=20)
        closing = threading.Timer(0.3, source.close)
        begin_s = time.perf_counter()
        closing.start()
        assert len(list(source)) >= 1
        assert 0.2 < time.perf_counter() - begin_s < 5
    assert Handler.callers == 2


def test_a_stream_that_hangs_is_left_at_once_with_its_poses_written(tmp_path: Path) -> None:
    class Handler(_MotionJpeg):
        callers = 1

        def do_GET(self) -> None:
            super().do_GET()
            over.wait(10)

    over, poses = threading.Event(), tmp_path / "poses.jsonl"
    with serving(Handler) as url:
        try:
            with StreamSource(f"{url}/cam.mjpg") as source:
                pipeline = Pipeline(source, DotEstimator(), [JsonLinesSink(poses)])
                next(pipeline.run())
                time.sleep(0.3)  # the other pictures have come, and the reader waits for more
                begin_s = time.perf_counter()
                pipeline.close()
            assert time.perf_counter() - begin_s < 2.5
            assert len(poses.read_text().splitlines()) == 1
        finally:
            over.set()
        deadline_s = time.perf_counter() + 5
        while any(thread.name == "capture" for thread in threading.enumerate()):
            assert time.perf_counter() < deadline_s
            time.sleep(0.01)
    assert not source._capture.isOpened()


def test_a_file_over_http_is_read_to_its_end(tmp_path: Path) -> None:
    write_clip(tmp_path / "clip.mp4", frames=15)
    with serving(partial(_Files, directory=str(tmp_path))) as url, open_source(f"{url}/clip.mp4") as source:
        assert not source.live
        assert len(list(source)) == 15


def _without_length(clip: Path) -> None:
    """Turn the duration of a Matroska file into a void element, as in what a browser records."""
    content = bytearray(clip.read_bytes())
    place = content.index(b"\x44\x89\x88")  # its name, and that it has 8 bytes
    content[place : place + 2] = b"\xec\x89"
    clip.write_bytes(content)


def test_a_file_over_http_that_tells_no_length_is_read_once(tmp_path: Path) -> None:
    _without_length(write_clip(tmp_path / "clip.mkv", frames=15))
    with serving(partial(_Files, directory=str(tmp_path))) as url, StreamSource(f"{url}/clip.mkv") as source:
        assert (source.declared_frames, source.live) == (0, False)
        assert len(list(islice(source, 40))) == 15
        assert source.reconnects == 0


def test_a_file_over_http_that_breaks_off_is_not_taken_for_whole(tmp_path: Path) -> None:
    class Broken(_Files):
        def copyfile(self, source: BinaryIO, outputfile: BinaryIO) -> None:
            content = source.read()
            outputfile.write(content[: len(content) // 2])
            self.close_connection = True

    write_clip(tmp_path / "clip.mkv", frames=200)
    with serving(partial(Broken, directory=str(tmp_path))) as url, StreamSource(f"{url}/clip.mkv") as source:
        assert (source.declared_frames, source.live) == (200, False)
        frames = iter(source)
        with pytest.raises(SourceError, match=r"broke off after \d+ of 200 frames; check the network"):
            deque(frames, maxlen=0)


def test_an_address_with_nothing_there_is_one_line(capfd: pytest.CaptureFixture[str]) -> None:
    with socketserver.TCPServer(("127.0.0.1", 0), BaseHTTPRequestHandler) as unheard:
        port = unheard.server_address[1]
    with pytest.raises(SourceError, match="no video at http://") as caught:
        StreamSource(f"http://me:secret@127.0.0.1:{port}/x", timeout_ms=500)
    assert "secret" not in str(caught.value)
    assert capfd.readouterr().err == ""


def test_a_server_that_says_nothing_is_left_in_time() -> None:
    class Silent(BaseHTTPRequestHandler):
        def handle(self) -> None:
            over.wait(10)

    over = threading.Event()
    with serving(Silent) as url:
        try:
            with pytest.raises(SourceError, match=r"within 0\.3 s"):
                StreamSource(f"{url}/x", timeout_ms=300)
        finally:
            over.set()


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("rtsp://admin:secret@10.0.0.2/live", "rtsp://***@10.0.0.2/live"),
        ("rtsp://user:sec@ret@cam/1", "rtsp://***@cam/1"),
        ("rtsp://user:sec/ret@cam/1", "rtsp://***@cam/1"),
        ("RTSP://user:sec@/ret@cam:554/1", "RTSP://***@cam:554/1"),
        ("rtsp:/user:secret@cam/1", "rtsp:/***@cam/1"),
        ("user:sec@ret@cam/1", "***@cam/1"),
        ("https://secret@host/x", "https://***@host/x"),
        ("http://host:80/video?user=me&pwd=sec@ret", "http://***@***"),
        ("rtsp://user:sec?ret@cam/1", "rtsp://***@***"),
        ("http://host/video?pwd=sec@ret", "http://host/video?pwd=***"),
        ("http://host/video?user=me&pwd=sec/ret&q=1", "http://host/video?user=***&pwd=***&q=***"),
        ("rtsp://cam/user=admin_password=secret_channel=1", "rtsp://cam/user=***"),
        ("http://10.0.0.2/a@b", "http://10.0.0.2/a@b"),
        ("http://10.0.0.2:8080/cam.mjpg", "http://10.0.0.2:8080/cam.mjpg"),
        ("clips/lr=0.1/me@2x.mp4", "clips/lr=0.1/me@2x.mp4"),
        ("/clips/12:30/me@2x.mp4", "/clips/12:30/me@2x.mp4"),
    ],
)
def test_passwords_are_not_shown(url: str, shown: str) -> None:
    assert without_password(url) == shown


_PASSWORDS = st.text("s3crt:/@?&=#%. \n", min_size=1).map(lambda text: f"X{text}X")


@given(
    password=_PASSWORDS, scheme=st.sampled_from(["rtsp://", "http://", "rtsp:/", ""]), port=st.sampled_from(["", ":80"])
)
def test_no_part_of_any_password_is_shown(password: str, scheme: str, port: str) -> None:
    shown = without_password(f"{scheme}user:{password}@cam{port}/1")
    assert shown in (f"{scheme}***@cam{port}/1", f"{scheme}***@***")
