"""Which files are read when a model is run on a source."""

from pathlib import Path

from edgepose.runtime.model_files.shipped import resolve_model
from edgepose.runtime.model_files.sidecar import model_files, sidecar_path
from edgepose.runtime.sources import source_files


def input_files(model: str, source: str, device: str) -> dict[str, list[Path]]:
    """Return the files of a model (a path or a shipped name), a source and a device profile, by what they are.

    Raises `ModelError` when there is no such model, `SourceError` when a folder holds no image.
    """
    path = resolve_model(model)
    return {
        "the source": source_files(source),
        "the model": [*model_files(path), sidecar_path(path)],
        "the device profile": [Path(device)],
    }
