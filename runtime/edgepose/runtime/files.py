"""Files are written whole: a reader sees the old one or the new one, never half of it."""

import hashlib
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from edgepose.profiles.errors import EdgeposeError


def sha256_of(path: Path) -> str:
    """Return a file's SHA-256 in hexadecimal.

    Raises `EdgeposeError` when it cannot be read.
    """
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise EdgeposeError(f"cannot read {path}: {error.strerror or error}; check the path") from error


@contextmanager
def write_whole(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside `path`; on success it becomes `path`, on failure it is gone.

    The temporary file keeps the suffix and exists, empty. The folder is made. Raises `EdgeposeError` naming
    `path` where the file system refuses (no space, no permission).
    """
    temporary: Path | None = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _remove_abandoned(path)
        handle, name = tempfile.mkstemp(prefix=f"{_prefix(path)}{os.getpid()}-", suffix=path.suffix, dir=path.parent)
        os.close(handle)
        temporary = Path(name)
        yield temporary
        _settle(temporary, path)
    except OSError as error:
        raise EdgeposeError(
            f"cannot write {path}: {error.strerror or error}; free some space or choose another folder"
        ) from error
    finally:
        if temporary is not None:
            temporary.unlink(missing_ok=True)


def write_text_whole(path: Path, text: str) -> None:
    """Write `text` as UTF-8 to `path`, whole."""
    with write_whole(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def _prefix(path: Path) -> str:
    return f".{path.stem}-"


def _remove_abandoned(path: Path) -> None:
    """Remove what processes that were killed while they wrote `path` left beside it."""
    for file in path.parent.iterdir():
        pid = file.name.removeprefix(_prefix(path)).partition("-")[0]
        is_ours = file.name.startswith(_prefix(path)) and file.suffix == path.suffix and pid.isdecimal()
        if is_ours and not psutil.pid_exists(int(pid)):
            file.unlink(missing_ok=True)


def _settle(temporary: Path, path: Path) -> None:
    """Give the file its name, once its bytes are on the disk."""
    temporary.chmod(_new_file_mode())
    with temporary.open("rb") as file:
        os.fsync(file.fileno())
    temporary.replace(path)
    _sync_folder(path.parent)


def _new_file_mode() -> int:
    # mkstemp makes files private; the umask can only be read by setting it
    mask = os.umask(0o022)
    os.umask(mask)
    return 0o666 & ~mask


def _sync_folder(folder: Path) -> None:
    """Make the rename itself last; Windows opens no folders and needs no such step."""
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
