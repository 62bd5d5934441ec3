"""Files are written whole: a reader sees the old one or the new one, never half of it."""

import hashlib
import os
import platform
import re
import stat
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TextIO

import psutil

from edgepose.profiles.errors import EdgeposeError

_ABANDONED_S = 24 * 3600


def sha256_of(path: Path) -> str:
    """Return a file's SHA-256 in hexadecimal.

    Raises `EdgeposeError` when it cannot be read.
    """
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise EdgeposeError(f"cannot read {path}: {error.strerror or error}; check the path") from error


def path_for_opencv(path: Path) -> str:
    """Return an absolute path: OpenCV takes a relative `12:30.mp4` for an address.

    Raises `EdgeposeError` for a name that is not UTF-8, which would end the process.
    """
    return utf8_path(path.absolute(), "OpenCV")


def utf8_path(path: Path, reader: str) -> str:
    """Return a path as text.

    Raises `EdgeposeError` for a name that is not UTF-8, which `reader` does not take.
    """
    text = str(path)
    try:
        text.encode()
    except UnicodeEncodeError as error:
        shown = os.fsencode(path).decode(errors="backslashreplace")
        raise EdgeposeError(f"{reader} opens only names in UTF-8, found {shown}; rename it") from error
    return text


@contextmanager
def write_whole(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside `path`; on success it becomes `path`, on failure it is gone.

    The temporary file keeps the suffix and exists, empty. The folder is made; of a link, the file that it points at
    is replaced. Raises `EdgeposeError` naming `path` for a folder, a device or a pipe, before anything is made, and
    where the file system refuses (no space, no permission).
    """
    _require_replaceable(path)
    target = Path(os.path.realpath(path))
    beside = target.with_name(path.name)
    temporary: Path | None = None
    try:
        with _refusals_named(path, "free some space or choose another folder"):
            target.parent.mkdir(parents=True, exist_ok=True)
            _remove_abandoned(beside)
            prefix = f"{_prefix(beside)}{_host()}-{os.getpid()}-"
            handle, name = tempfile.mkstemp(prefix=prefix, suffix=path.suffix, dir=target.parent)
            os.close(handle)
            temporary = Path(name)
            yield temporary
            _settle(temporary, target)
    finally:
        if temporary is not None:
            temporary.unlink(missing_ok=True)


@contextmanager
def open_text_whole(path: Path) -> Iterator[TextIO]:
    """Yield a UTF-8 text file that becomes `path` as `write_whole` says.

    A character device or a pipe is written to instead, each line at once; a pipe waits for its reader.
    """
    if _is_written_through(path):
        with (
            _refusals_named(path, "see that somebody reads it, or give the name of a file"),
            path.open("w", encoding="utf-8", buffering=1) as file,
        ):
            yield file
    else:
        with write_whole(path) as temporary, temporary.open("w", encoding="utf-8") as file:
            yield file


def write_text_whole(path: Path, text: str) -> None:
    """Write `text` as UTF-8 to `path`, as `open_text_whole` does."""
    with open_text_whole(path) as file:
        file.write(text)


def replace_bytes(path: Path, content: bytes) -> None:
    """Write a file that appears whole, as one of very many: nobody waits for the disk, or looks for what others left.

    Raises `EdgeposeError` as `write_whole` does.
    """
    _require_replaceable(path)
    partial = path.with_name(f"{_prefix(path)}partial")
    with _refusals_named(path, "free some space or choose another folder"):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            partial.write_bytes(content)
            partial.replace(path)
        finally:
            partial.unlink(missing_ok=True)


def refuse_overwriting(outputs: Mapping[str, Path | None], inputs: Mapping[str, Iterable[Path]]) -> None:
    """Raise `EdgeposeError` when an output is one of the inputs or another output, also through links.

    The keys are their names for people, as in `--out` and `the source`; None and `-` are no files.
    """
    taken = {_identity(path): name for name, paths in inputs.items() for path in paths}
    for name, path in outputs.items():
        if path is None or str(path) == "-":
            continue
        other = taken.setdefault(_identity(path), name)
        if other != name:
            raise EdgeposeError(f"{name} {path} would overwrite {other}; give another name")


def _identity(path: Path) -> tuple[int, int] | str:
    """Return what is the same for all names of one file; of an absent one, the place where it would be made."""
    place = Path(os.path.realpath(path))
    try:
        status = place.stat()
    except OSError:
        return str(place)
    return status.st_dev, status.st_ino


def _mode(path: Path) -> int:
    """Return what kind of file there is; 0 for none, or one that cannot be looked at."""
    try:
        return path.stat().st_mode
    except OSError:
        return 0


def _is_written_through(path: Path) -> bool:
    mode = _mode(path)
    return stat.S_ISCHR(mode) or stat.S_ISFIFO(mode)


def _require_replaceable(path: Path) -> None:
    mode = _mode(path)
    if stat.S_ISDIR(mode):
        raise EdgeposeError(f"{path} is a folder; give the name of a file in it")
    if mode and not stat.S_ISREG(mode):
        raise EdgeposeError(f"{path} is a device or a pipe, which cannot be replaced; give the name of a file")


@contextmanager
def _refusals_named(path: Path, advice: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise EdgeposeError(f"cannot write {path}: {error.strerror or error}; {advice}") from error


def _prefix(path: Path) -> str:
    return f".{path.stem}-"


def _remove_abandoned(path: Path) -> None:
    """Remove what processes that were killed while they wrote `path` left beside it."""
    ours = re.compile(rf"{re.escape(_prefix(path))}([0-9a-f]{{8}})-(\d{{1,9}})-[a-z0-9_]{{8}}{re.escape(path.suffix)}")
    for file in path.parent.iterdir():
        if (match := ours.fullmatch(file.name)) and _is_abandoned(file, match[1], int(match[2])):
            file.unlink(missing_ok=True)


def _is_abandoned(file: Path, host: str, pid: int) -> bool:
    """Tell whether nobody writes a temporary file of a host's process any more.

    On another machine, or in another container, that has the folder mounted, the numbers of processes are others.
    """
    try:
        written_s = file.stat().st_mtime
    except OSError:  # somebody else was faster
        return False
    if host != _host():
        return time.time() - written_s > _ABANDONED_S
    if pid == os.getpid():  # in a container one process after another has the number 1
        return written_s < psutil.Process().create_time()
    return not psutil.pid_exists(pid)


def _host() -> str:
    return hashlib.sha256(platform.node().encode()).hexdigest()[:8]


def _settle(temporary: Path, path: Path) -> None:
    """Give the file its name, once its bytes are on the disk."""
    sync_file(temporary)
    # a mounted stick or share may know no modes and sync no folders: the file is whole all the same
    with suppress(OSError):
        temporary.chmod(stat.S_IMODE(_mode(path)) or _new_file_mode())
    temporary.replace(path)
    with suppress(OSError):
        _sync_folder(path.parent)


def sync_file(path: Path) -> None:
    """Wait until a file's bytes are on the disk."""
    with path.open("rb+") as file:  # Windows takes no file that is open for reading alone
        os.fsync(file.fileno())


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
