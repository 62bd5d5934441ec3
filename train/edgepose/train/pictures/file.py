"""Writing pictures that commands draw."""

from pathlib import Path

import cv2

from edgepose.profiles.errors import EdgeposeError
from edgepose.runtime.arrays import ImageArray
from edgepose.runtime.files import write_whole

_JPEG_QUALITY = 85


def save_picture(path: Path, picture_bgr: ImageArray) -> None:
    """Write a picture (H, W, 3) BGR whole, to a file of any kind that OpenCV writes.

    Raises `EdgeposeError` for another suffix and where the file system refuses.
    """
    if not cv2.haveImageWriter(str(path)):
        raise EdgeposeError(f"cannot draw into {path}: expected a picture's suffix, as in parts.png")
    # OpenCV warns of a quality where the kind has none
    quality = [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY] if path.suffix.lower() in {".jpg", ".jpeg"} else []
    _, encoded = cv2.imencode(path.suffix, picture_bgr, quality)
    with write_whole(path) as temporary:
        temporary.write_bytes(encoded.tobytes())
