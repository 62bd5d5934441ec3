"""The copy of a model's card beside its file, with the SHA-256 of every file that makes up the model."""

import json
import os
from pathlib import Path

from edgepose.runtime.errors import CardError, ModelError
from edgepose.runtime.model_files.card import ModelCard
from edgepose.runtime.plumbing.files import sha256_of, write_text_whole
from edgepose.runtime.plumbing.strict_json import as_object, as_text, parse


def model_files(model_path: Path) -> list[Path]:
    """Return the files that make up a model: the one named, and the weights of an OpenVINO `.xml`.

    Raises `ModelError` when one is absent.
    """
    files = [model_path]
    if model_path.suffix == ".xml":
        files.append(model_path.with_suffix(".bin"))
    for file in files:
        if not file.is_file() or not os.access(file, os.R_OK):
            raise ModelError(f"model file {file} is absent or unreadable; check the path, or export the model again")
    return files


def sidecar_path(model_path: Path) -> Path:
    """Return where the sidecar of a model lies."""
    return model_path.with_name(model_path.name + ".card.json")


def write_sidecar(model_path: Path, card: ModelCard) -> Path:
    """Write the sidecar of a finished model file and return its path."""
    hashes = {file.name: sha256_of(file) for file in model_files(model_path)}
    text = json.dumps({"files": hashes, "card": json.loads(card.to_json())}, indent=1)
    write_text_whole(sidecar_path(model_path), text + "\n")
    return sidecar_path(model_path)


def read_sidecar(model_path: Path) -> ModelCard | None:
    """Return the card beside a model file, None where there is no sidecar.

    Raises `ModelError` when a file of the model is absent, `CardError` when a hash is another or the sidecar
    is malformed.
    """
    files, path = model_files(model_path), sidecar_path(model_path)
    if not path.exists():
        return None
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise CardError(f"cannot read {path} ({error}); export the model again") from error
    values = as_object(parse(text, str(path)), str(path), ["files", "card"])
    hashes = as_object(values["files"], f"{path}: files")
    if set(hashes) != {file.name for file in files}:
        raise CardError(
            f"{path} is the card of {', '.join(hashes) or 'no file'}, not of {model_path.name}; "
            "put back the model's own, or export the model again"
        )
    for file in files:
        _check_hash(file, as_text(hashes[file.name], f"{path}: files"))
    return ModelCard.from_value(values["card"], str(path))


def _check_hash(file: Path, expected: str) -> None:
    found = sha256_of(file)
    if found != expected:
        raise CardError(
            f"{file} is not the file of its card: expected SHA-256 {expected[:12]}..., "
            f"found {found[:12]}...; export it again, or restore both files"
        )


def agreed_card(model_path: Path, embedded: str | None, sidecar: ModelCard | None) -> ModelCard:
    """Return the one card of a model, from the text inside it and the card beside it.

    Raises `CardError` when there is neither, or when they disagree.
    """
    inside = None if embedded is None else ModelCard.from_json(embedded, f"card in {model_path}")
    if inside is not None and sidecar is not None and (differing := inside.differences(sidecar)):
        raise CardError(
            f"{model_path}: the card inside and {sidecar_path(model_path).name} disagree in "
            f"{', '.join(differing)}; export the model again"
        )
    card = inside or sidecar
    if card is None:
        raise CardError(
            f"{model_path} has no model card, neither inside nor as {sidecar_path(model_path).name}; "
            "export it with edgepose export"
        )
    return card
