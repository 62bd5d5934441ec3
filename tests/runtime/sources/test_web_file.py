"""What servers tell of files and of streams."""

import base64
import socket
from http.server import BaseHTTPRequestHandler

import pytest

from edgepose.runtime.sources.web_file import is_web_file
from support.web_server import serving

pytestmark = [pytest.mark.enable_socket]


class _Head(BaseHTTPRequestHandler):
    """Tells `kind` and `length`; with `user`, only to who has the password."""

    kind, length, user = "video/webm", "1000", ""

    def do_HEAD(self) -> None:
        if self.path == "/moved.webm":
            self.send_response(302)
            self.send_header("Location", "/clip.webm")
        elif self.user and self.headers["Authorization"] != f"Basic {base64.b64encode(self.user.encode()).decode()}":
            self.send_response(401)
            self.send_header("WWW-Authenticate", 'Basic realm="files"')
        else:
            self.send_response(200)
            self.send_header("Content-Type", self.kind)
            if self.length:
                self.send_header("Content-Length", self.length)
        self.end_headers()

    def do_GET(self) -> None:
        self.do_HEAD()

    def log_message(self, *args: object) -> None:
        pass


@pytest.mark.parametrize(
    ("path", "kind", "length", "expected"),
    [
        ("clip.webm", "video/webm", "1000", True),
        ("moved.webm", "video/webm", "1000", True),
        ("clip.mkv?part=2", "application/octet-stream", "1000", True),
        ("live.ts", "video/mp2t", "", False),
        ("live.flv", "video/x-flv", "0", False),
        ("cam", "multipart/x-mixed-replace; boundary=x", "999999999", False),
        ("live.m3u8", "application/octet-stream", "300", False),
        ("live", "application/vnd.apple.mpegurl", "300", False),
    ],
)
def test_a_video_of_a_known_length_is_a_file(path: str, kind: str, length: str, *, expected: bool) -> None:
    handler = type("Handler", (_Head,), {"kind": kind, "length": length})
    with serving(handler) as url:
        assert is_web_file(f"{url}/{path}", 5) is expected


def test_the_password_of_the_address_is_given_to_who_asks() -> None:
    handler = type("Handler", (_Head,), {"user": "me:p@ss"})
    with serving(handler) as url:
        assert is_web_file(url.replace("//", "//me:p%40ss@") + "/clip.webm", 5)
        assert not is_web_file(url.replace("//", "//me:wrong@") + "/clip.webm", 5)
        assert not is_web_file(f"{url}/clip.webm", 5)


@pytest.mark.parametrize("url", ["http://127.0.0.1:99999/clip.webm", "http://[::1/clip.webm", "http:///clip.webm"])
def test_a_wrong_address_is_no_file(url: str) -> None:
    assert not is_web_file(url, 1)


def test_a_server_that_says_nothing_is_left_in_time() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        assert not is_web_file(f"http://127.0.0.1:{silent.getsockname()[1]}/clip.webm", 0.2)


class _OnlyGet(BaseHTTPRequestHandler):
    def log_message(self, *args: object) -> None:
        pass


def test_a_camera_that_knows_no_other_question_is_no_file() -> None:
    with serving(_OnlyGet) as url:
        assert not is_web_file(f"{url}/cam.mjpg", 5)
