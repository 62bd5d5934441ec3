"""Where engines keep what they have compiled for an accelerator, so that the next start need not."""

import os
from pathlib import Path


def cache_folder(*parts: str) -> Path:
    """Return a folder in the user's cache ($XDG_CACHE_HOME, else ~/.cache); it need not be there."""
    cache = os.environ.get("XDG_CACHE_HOME")
    return (Path(cache) if cache else Path.home() / ".cache").joinpath("edgepose", *parts)


def writable_cache_folder(*parts: str) -> Path | None:
    """Return the same folder, made where it is not there; None where it cannot be, or may not be written to."""
    try:
        folder = cache_folder(*parts)
        folder.mkdir(parents=True, exist_ok=True)
    except (OSError, RuntimeError):  # nobody's home
        return None
    return folder if os.access(folder, os.W_OK) else None
