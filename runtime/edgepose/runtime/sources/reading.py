"""Files of the user's, looked at before OpenCV does: it says of none of them why it cannot read it."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from edgepose.runtime.errors import SourceError
from edgepose.runtime.plumbing.files import path_for_opencv
from edgepose.runtime.sources.stream import without_password


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Turn what the file system says against `path` into a `SourceError`."""
    try:
        yield
    except OSError as error:
        raise SourceError(
            f"cannot read {without_password(str(path))}: {error.strerror or error}; check the path and its permissions"
        ) from error


def readable_path(path: Path) -> str:
    """Return the path of a file as OpenCV takes it.

    Raises `SourceError` when the file cannot be read, `EdgeposeError` for a name that is not UTF-8.
    """
    with reading(path), path.open("rb"):
        return path_for_opencv(path)
