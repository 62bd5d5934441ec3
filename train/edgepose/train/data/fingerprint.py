"""Telling whether data is the same on another machine, without reading all of it."""

import hashlib
from pathlib import Path

from edgepose.runtime.files import sha256_of


def fingerprint(spec: str, root: Path = Path()) -> str:
    """Return the SHA-256 of `kind:path[:split]`: a file's own, of a folder that of its files' names and sizes.

    What is rendered has its specification's. The split does not count; paths count from `root`.
    """
    kind, _, rest = spec.partition(":")
    path = root / rest.partition(":")[0]
    if kind == "synthetic":
        return hashlib.sha256(spec.encode()).hexdigest()
    if path.is_file():
        return sha256_of(path)
    files = (file for file in path.rglob("*") if file.is_file())
    sizes = sorted((file.relative_to(path).as_posix(), file.stat().st_size) for file in files)
    return hashlib.sha256("".join(f"{name}\t{size}\n" for name, size in sizes).encode()).hexdigest()
