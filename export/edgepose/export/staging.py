"""A hidden folder near the output: what is unfinished lies there, what is finished moves in by renames."""

import os
import platform
import re
import shutil
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import psutil

from edgepose.export.errors import ExportError
from edgepose.runtime.backends.tensorrt_cache import EngineCache, EngineKey, engines_of
from edgepose.runtime.model_files.sidecar import model_files, sidecar_path
from edgepose.runtime.plumbing.files import sync_file

_STALE_S = 24 * 3600


@contextmanager
def staging_folder(out: Path) -> Iterator[Path]:
    """Yield `.NAME.partial-HOST-PID` beside `out`; it is gone afterwards, as are those of processes that died.

    Of other machines and containers nobody here knows who lives: their folders go after a day. It is inside `out` where
    nothing can be renamed from beside it (another mount), or nothing be made there.

    Raises `ExportError` where the file system refuses, there or inside.
    """
    out = out.resolve()
    near = out if out.is_dir() and not _can_rename(out.parent, out) else out.parent
    staging = near / f"{_prefix(out)}{_host()}-{os.getpid()}"
    try:
        if out.exists() and not (out.is_dir() and os.access(out, os.W_OK)):
            raise ExportError(f"{out} is no folder that can be written to; choose another --out")
        staging.parent.mkdir(parents=True, exist_ok=True)
        _remove_stale(staging.parent, _prefix(out))
        staging.mkdir()
        yield staging
    except OSError as error:
        raise ExportError(
            f"cannot write {error.filename or out}: {error.strerror or error}; free some space or choose another --out"
        ) from error
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def _prefix(out: Path) -> str:
    return f".{out.name}.partial-"


def _host() -> str:
    # in another container, or on another machine that has the folder mounted, the numbers of processes are others
    return re.sub(r"[^A-Za-z0-9.]", "_", platform.node()) or "here"


def _can_rename(source: Path, target: Path) -> bool:
    """Tell whether a file goes from one folder into another by a rename: one mounted on the other tells by trying."""
    try:
        with tempfile.TemporaryDirectory(prefix=".edgepose-", dir=source) as probe:
            moved = target / Path(probe).name
            Path(probe).rename(moved)
            moved.rename(probe)
    except OSError:
        return False
    return True


def _remove_stale(place: Path, prefix: str) -> None:
    for folder in place.iterdir():
        host, _, pid = folder.name.removeprefix(prefix).rpartition("-")
        if not folder.name.startswith(prefix) or not pid.isdecimal():
            continue
        if host == _host():
            is_stale = int(pid) == os.getpid() or not psutil.pid_exists(int(pid))
        else:
            is_stale = time.time() - folder.stat().st_mtime > _STALE_S
        if is_stale:
            shutil.rmtree(folder, ignore_errors=True)


def artefact_files(model_path: Path) -> list[Path]:
    """Return the files of a model in the order to move them in: weights, the model, its sidecar, its engines."""
    return [*reversed(model_files(model_path)), sidecar_path(model_path), *engines_of(model_path)]


def move_in(files: Sequence[Path], out: Path) -> None:
    """Rename finished files into `out`, one after another, once their bytes are on the disk.

    Engines that a new one replaces are removed there.
    """
    out.mkdir(parents=True, exist_ok=True)
    for file in files:
        sync_file(file)
    for file in files:
        file.replace(out / file.name)
        if key := EngineKey.of_name(file.name):
            EngineCache(out).remove_outdated(key)


def remove_model(model_path: Path) -> None:
    """Remove a model and what belongs to it, where it is there: the sidecar first, the weights last."""
    for file in (sidecar_path(model_path), *engines_of(model_path), model_path, model_path.with_suffix(".bin")):
        if file.suffix != ".bin" or model_path.suffix == ".xml":
            file.unlink(missing_ok=True)
