"""Whether an address on the web stands for a file, which ends, or for a stream, which does not."""

from http.client import HTTPException
from urllib.parse import unquote, urlsplit, urlunsplit
from urllib.request import (
    HTTPBasicAuthHandler,
    HTTPDigestAuthHandler,
    HTTPPasswordMgrWithDefaultRealm,
    OpenerDirector,
    Request,
    build_opener,
)

_PLAYLISTS = (".m3u", ".m3u8", ".mpd")


def is_web_file(url: str, timeout_s: float) -> bool:
    """Whether the server at an http(s) address tells that what it sends is a video of a known length in bytes.

    Cameras tell none, or one of a type that has no end (`multipart/x-mixed-replace`), and a playlist's is its own. Only
    the head is asked for. False where the server does not answer so within `timeout_s`.
    """
    try:
        parts = urlsplit(url)
        bare_url = urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))
        opener = _opener(bare_url, unquote(parts.username or ""), unquote(parts.password or ""))
        with opener.open(Request(bare_url, method="HEAD"), timeout=timeout_s) as response:  # noqa: S310 - by the caller
            length, kind = response.headers.get("Content-Length", ""), response.headers.get_content_type()
    except (OSError, HTTPException, ValueError):
        return False
    is_video = kind.startswith("video/") or kind == "application/octet-stream"
    return is_video and length.isdecimal() and int(length) > 0 and not parts.path.lower().endswith(_PLAYLISTS)


def _opener(url: str, user: str, password: str) -> OpenerDirector:
    """Return what answers the server's question for a password, and no other server's."""
    passwords = HTTPPasswordMgrWithDefaultRealm()
    if user:
        passwords.add_password(None, url, user, password)
    return build_opener(HTTPBasicAuthHandler(passwords), HTTPDigestAuthHandler(passwords))
