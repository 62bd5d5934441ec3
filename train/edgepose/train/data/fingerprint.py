"""Telling whether data is the same on another machine, without reading all of it."""

import hashlib
from pathlib import Path

from edgepose.runtime.model_files.shipped import resolve_model
from edgepose.runtime.plumbing.files import sha256_of
from edgepose.train.data.spec import DataSpec


def fingerprint(spec: str, root: Path = Path()) -> str:
    """Return the SHA-256 of `kind:path[:split]`: a file's own, of a folder that of its files' names and sizes.

    What is rendered has its specification's. The split does not count, but the model that labels what has no labels
    (`kind:path:split:model`) does; paths count from `root`.
    """
    named = DataSpec.parse(spec)
    if named.kind == "synthetic":
        return hashlib.sha256(spec.encode()).hexdigest()
    found, labeller = _of_files(root / named.path), named.split.partition(":")[2]
    return hashlib.sha256(f"{found} {sha256_of(resolve_model(labeller))}".encode()).hexdigest() if labeller else found


def _of_files(path: Path) -> str:
    if path.is_file():
        return sha256_of(path)
    files = (file for file in path.rglob("*") if file.is_file())
    sizes = sorted((file.relative_to(path).as_posix(), file.stat().st_size) for file in files)
    return hashlib.sha256("".join(f"{name}\t{size}\n" for name, size in sizes).encode()).hexdigest()
