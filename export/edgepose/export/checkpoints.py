"""How a path or a name finds a checkpoint."""

from pathlib import Path

from edgepose.runtime.shipped import MODELS_FOLDER, shipped_names
from edgepose.train.checkpoint import CheckpointError


def resolve_checkpoint(path_or_name: str, folder: Path = MODELS_FOLDER) -> Path:
    """Return the checkpoint that a path, or the name of a shipped model, stands for.

    Raises `CheckpointError` listing what ships when there is neither.
    """
    path, names = Path(path_or_name), shipped_names(folder)
    if path.is_file():
        return path
    if path_or_name in names:
        return folder / f"{path_or_name}.safetensors"
    raise CheckpointError(
        f"no checkpoint {path}; expected a .safetensors that `edgepose train` wrote, or a shipped name: "
        f"{', '.join(names) or 'none'}"
    )
