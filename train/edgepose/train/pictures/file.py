"""Writing pictures that commands draw."""

from collections.abc import Iterable
from pathlib import Path

import cv2

from edgepose.profiles.errors import EdgeposeError
from edgepose.runtime.arrays import ImageArray
from edgepose.runtime.plumbing.files import write_whole
from edgepose.runtime.plumbing.opencv_quiet import quiet_opencv
from edgepose.train.data.spec import DataSpec

_JPEG_QUALITY = 85


def check_picture(path: Path, data: Iterable[str] = ()) -> None:
    """Raise `EdgeposeError` where no picture can be written, or a file of the data would be lost: before the work."""
    if not path.suffix or not cv2.haveImageWriter(f"picture{path.suffix}"):
        raise EdgeposeError(f"cannot draw into {path}: expected a picture's suffix, as in parts.png")
    if path.is_dir():
        raise EdgeposeError(f"{path} is a folder; give the name of a file in it")
    roots = [Path(DataSpec.parse(spec).path).resolve() for spec in data]
    if path.exists() and any(path.resolve().is_relative_to(root) for root in roots):
        raise EdgeposeError(f"{path} would overwrite a file of the data; give another name")


def save_picture(path: Path, picture_bgr: ImageArray) -> None:
    """Write a picture (H, W, 3) BGR whole, to a file of any kind that OpenCV writes.

    Raises `EdgeposeError` for another suffix, for a picture that is too large for its kind and where the file system
    refuses.
    """
    check_picture(path)
    # OpenCV warns of a quality where the kind has none
    quality = [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY] if path.suffix.lower() in {".jpg", ".jpeg"} else []
    try:
        with quiet_opencv():
            done, encoded = cv2.imencode(path.suffix, picture_bgr, quality)
    except cv2.error:
        done = False
    if not done:
        height, width = picture_bgr.shape[:2]
        raise EdgeposeError(f"a picture of {width}x{height} is too large for {path}; take .png, or draw fewer")
    with write_whole(path) as temporary:
        temporary.write_bytes(encoded.tobytes())
