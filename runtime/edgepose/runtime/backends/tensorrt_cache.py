"""Engines on disk. An engine belongs to one GPU, driver, TensorRT and model, and its file's name says to which.

`MODEL+GPU+smCC+driverD+FLAVOUR-VERSION+PRECISION+HASH.engine`, with `.kernels` beside it where TensorRT-RTX has
compiled some: `+` stands nowhere else in a name, so that every part can be read back.
"""

import hashlib
import logging
import os
from collections.abc import Callable
from dataclasses import astuple, dataclass, replace
from pathlib import Path
from typing import TypeVar
from urllib.parse import quote, unquote

from edgepose.profiles.errors import EdgeposeError
from edgepose.runtime.backends.cache_folder import cache_folder
from edgepose.runtime.errors import ModelError
from edgepose.runtime.plumbing.files import write_whole

ENGINE, KERNELS = ".engine", ".kernels"
HASH_DIGITS = 16
_LONGEST_NAME = 80
"""Bytes of a model's name in an engine's, which has five more parts and, as any file's name, at most 255."""
_MAGIC = b"edgepose engine 1\n"
_PREFIXES = ("", "", "sm", "driver", "", "", "")
Engine = TypeVar("Engine")
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class EngineKey:
    """What an engine belongs to: `tensorrt` is flavour and version, `sha256` the start of the model file's."""

    model: str
    gpu: str
    compute: str
    driver: str
    tensorrt: str
    precision: str
    sha256: str

    def file_name(self, suffix: str = ENGINE) -> str:
        """Return what the file is called; no two keys have the same name."""
        parts = zip(_PREFIXES, astuple(self), strict=True)
        return "+".join(prefix + quote(value, safe="") for prefix, value in parts) + suffix

    @classmethod
    def of_name(cls, name: str) -> "EngineKey | None":
        """Return the key of a file's name, None where it is not such a name."""
        parts = name.removesuffix(ENGINE).removesuffix(KERNELS).split("+")
        fits = len(parts) == len(_PREFIXES) and all(map(str.startswith, parts, _PREFIXES))
        if not fits or not name.endswith((ENGINE, KERNELS)):
            return None
        return cls(*(unquote(part.removeprefix(prefix)) for part, prefix in zip(parts, _PREFIXES, strict=True)))

    def outdated_by(self, now: "EngineKey") -> list[str]:
        """Return in what an engine is out of date, in words, if it is `now`'s model, GPU, flavour and precision."""
        differing = {
            "driver": (self.driver, now.driver),
            "TensorRT": (self.tensorrt, now.tensorrt),
            "model": (self.sha256, now.sha256),
        }
        same = replace(self, driver=now.driver, tensorrt=now.tensorrt, sha256=now.sha256) == now
        if not same or _flavour(self.tensorrt) != _flavour(now.tensorrt):
            return []
        return [f"{name} {old}, now {new}" for name, (old, new) in differing.items() if old != new]


class DamagedError(ModelError):
    """A kept file is not what was written."""


def _flavour(tensorrt: str) -> str:
    return tensorrt.rpartition("-")[0]


def engine_folder(model_path: Path) -> Path:
    """Return where the engines of a model lie: beside it, or in the user's cache where nothing can be written there.

    In the cache each folder of models has one of its own: elsewhere another model may have the same name.
    """
    if os.access(model_path.parent, os.W_OK):
        return model_path.parent
    home = hashlib.sha256(os.fsencode(model_path.parent.resolve())).hexdigest()[:HASH_DIGITS]
    return cache_folder("engines", home)


def model_name(model_path: Path) -> str:
    """Return what the engines of a model call it: a name that is long once it is written has a hash for its end."""
    name = model_path.name.removesuffix(".trt.onnx")
    if len(quote(name, safe="")) <= _LONGEST_NAME:
        return name
    end = "~" + hashlib.sha256(name.encode()).hexdigest()[:8]
    while len(quote(name + end, safe="")) > _LONGEST_NAME:
        name = name[:-1]
    return name + end


def engines_of(model_path: Path) -> list[Path]:
    """Return the files of engines that lie beside a model."""
    prefix = quote(model_name(model_path), safe="") + "+"
    folder = model_path.parent
    files = [file for file in folder.iterdir() if file.name.startswith(prefix)] if folder.is_dir() else []
    return sorted(file for file in files if EngineKey.of_name(file.name) is not None)


class EngineCache:
    """The engines in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def ready(self, key: EngineKey, opened: Callable[[bytes], Engine | None], build: Callable[[], bytes]) -> Engine:
        """Return the engine that was kept or, if there is none that `opened` takes, one that `build` makes.

        One line tells that, and why. Raises `ModelError` when `opened` does not take the new one either.
        """
        try:
            kept = self.load(key)
            engine = None if kept is None else opened(kept)
            reason = self._why_outdated(key) if kept is None else "TensorRT does not take the one that was kept"
        except DamagedError as error:
            engine, reason = None, str(error)
        if engine is not None:
            return engine
        _log.warning("%s: building the engine for %s, once, which takes minutes: %s", key.model, key.gpu, reason)
        content = build()
        engine = opened(content)
        if engine is None:
            raise ModelError(f"TensorRT does not take the engine that it built of {key.model}; report its version")
        self.store(key, content)
        return engine

    def load(self, key: EngineKey, suffix: str = ENGINE) -> bytes | None:
        """Return what was stored, None where there is nothing.

        Raises `DamagedError` when the bytes are others.
        """
        path = self.folder / key.file_name(suffix)
        try:
            return _unpacked(path.read_bytes())
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as error:
            raise DamagedError(f"{path} is damaged, {error}") from error

    def store(self, key: EngineKey, content: bytes, suffix: str = ENGINE) -> None:
        """Write a file whole and remove those that it replaces.

        A folder that takes no file costs time at the next start and is no error.
        """
        try:
            with write_whole(self.folder / key.file_name(suffix)) as temporary:
                temporary.write_bytes(_MAGIC + hashlib.sha256(content).digest() + content)
        except EdgeposeError as error:
            _log.warning("the engine is not kept: %s", error)
            return
        self.remove_outdated(key)

    def remove_outdated(self, key: EngineKey) -> None:
        """Remove the files that a key's engine replaces."""
        for path in self.outdated(key):
            path.unlink(missing_ok=True)

    def outdated(self, key: EngineKey) -> dict[Path, list[str]]:
        """Return the files that a key's engine replaces, and in what each is out of date."""
        files = sorted(self.folder.iterdir()) if self.folder.is_dir() else []
        keys = {file: EngineKey.of_name(file.name) for file in files}
        reasons = {file: old.outdated_by(key) for file, old in keys.items() if old is not None}
        return {file: why for file, why in reasons.items() if why}

    def _why_outdated(self, key: EngineKey) -> str:
        reasons = [f"{file.name} is out of date, {', '.join(why)}" for file, why in self.outdated(key).items()]
        return "; ".join(reasons) or "none was kept"


def _unpacked(content: bytes) -> bytes:
    if not content.startswith(_MAGIC):
        raise ValueError("it is no engine of edgepose")
    hashed, rest = content[len(_MAGIC) : len(_MAGIC) + 32], content[len(_MAGIC) + 32 :]
    if hashlib.sha256(rest).digest() != hashed:
        raise ValueError("its bytes are not those that were written")
    return rest
