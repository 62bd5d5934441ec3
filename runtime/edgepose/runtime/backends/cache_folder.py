"""Where engines keep what they have compiled for an accelerator, so that the next start need not."""

import os
from pathlib import Path


def cache_folder(*parts: str) -> Path:
    """Return a folder in the user's cache ($XDG_CACHE_HOME, else ~/.cache); it need not be there."""
    cache = os.environ.get("XDG_CACHE_HOME")
    return (Path(cache) if cache else Path.home() / ".cache").joinpath("edgepose", *parts)
