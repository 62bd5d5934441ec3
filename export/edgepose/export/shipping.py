"""From a training run's checkpoint to the files that ship: measured, trimmed, exported, listed."""

import json
import subprocess
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import torch
import typer
from torch import Tensor

from edgepose.export.export_run import ExportRequest, run_export
from edgepose.runtime.model_files.shipped import MODELS_FOLDER, shipped_names
from edgepose.runtime.model_files.sidecar import read_sidecar, sidecar_path, write_sidecar
from edgepose.runtime.plumbing.command_line import run_app
from edgepose.runtime.plumbing.files import write_text_whole
from edgepose.train.checkpoints.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from edgepose.train.checkpoints.session import TorchSession
from edgepose.train.data import DataSpec, PoseDataset, open_dataset
from edgepose.train.evaluation.evaluate import Evaluation, evaluate

LICENCE = (
    "Apache-2.0 for the network and its code; trained on the images that `data` names, which are for research and keep "
    "terms of their own"
)


def ship(
    run_checkpoint: Path,
    name: str,
    test_set: PoseDataset,
    *,
    presence_threshold: float,
    commit: str,
    folder: Path = MODELS_FOLDER,
) -> Evaluation:
    """Write NAME.safetensors and NAME.onnx into the folder of shipped models, and list them, a new one last.

    The accuracy in the card is that of the trimmed weights on `test_set`, of everybody in its pictures or of people in
    the boxes of their joints. Raises what training, evaluation and export raise.
    """
    path = folder / f"{name}.safetensors"
    trimmed = _trimmed(load_checkpoint(run_checkpoint), presence_threshold, commit)
    save_checkpoint(path, trimmed)
    with TorchSession(path) as session:
        measured = evaluate(session, test_set, box="image" if trimmed.codec.sees_everybody else "joints")
    training = {**trimmed.training, "accuracy": _by_joint(measured)}
    save_checkpoint(path, replace(trimmed, training=training, accuracy=_figures(measured)))
    report = run_export(ExportRequest(path, [("onnx", "fp32")], folder, validate="synthetic:50"))
    report.raise_failures()
    _rename(folder, f"{name}-fp32.onnx", f"{name}.onnx")
    (folder / "export.json").unlink()
    names = shipped_names(folder)
    write_text_whole(folder / "index.json", json.dumps(names if name in names else [*names, name]) + "\n")
    return measured


def _trimmed(checkpoint: Checkpoint, presence_threshold: float, commit: str) -> Checkpoint:
    """Return the averaged weights alone, matrices in fp16; what batch norm knows can be too small for that."""
    weights: dict[str, Tensor] = {
        key: tensor.half() if tensor.dtype == torch.float32 and tensor.ndim > 1 else tensor
        for key, tensor in checkpoint.weights.items()
    }
    training: dict[str, Any] = {
        **_without_folders(checkpoint.training),
        "presence_threshold": presence_threshold,
        "licence": LICENCE,
        "commit": commit,
        "date": datetime.now(UTC).date().isoformat(),
    }
    return replace(checkpoint, weights=weights, training=training, state={}, accuracy=[])


def _without_folders(training: dict[str, Any]) -> dict[str, Any]:
    """Return what is known of a run, and of the one it started from, with data and teachers named by what they are."""
    named = {**training, "data": [_short(spec) for spec in training["data"]]}
    if "config" in training:
        named["config"] = _config_without_folders(training["config"])
    if "data_sha256" in training:
        named["data_sha256"] = {_short(spec): sha256 for spec, sha256 in training["data_sha256"].items()}
    if "start_from" in training:
        named["start_from"] = _without_folders(training["start_from"])
    return named


def _config_without_folders(config: dict[str, Any]) -> dict[str, Any]:
    named = dict(config)
    for option in ("data", "unlabelled"):
        if option in config:
            named[option] = [_short(spec) for spec in config[option]]
    for option in ("start_from", "parsing"):
        if config.get(option):
            named[option] = "/".join(Path(config[option]).parts[-2:])
    if config.get("validate"):
        named["validate"] = _short(config["validate"])
    if config.get("teacher"):
        named["teacher"] = [Path(teacher).stem for teacher in config["teacher"]]
    return named


def _short(data: str) -> str:
    return DataSpec.parse(data).without_folders()


def _by_joint(measured: Evaluation) -> dict[str, Any]:
    data = _short(measured.data)
    return {"data": data, "box": measured.environment["box"], **measured.metrics, "per_joint": measured.per_joint}


def _figures(measured: Evaluation) -> list[dict[str, Any]]:
    box = measured.environment["box"]
    data = f"{_short(measured.data)}, {'whole pictures' if box == 'image' else f'box from the {box}'}"
    return [
        {"data": data, "metric": metric, "precision": "fp32", "value": round(value, 2), "images": measured.images}
        for metric, value in measured.metrics.items()
    ]


def _rename(folder: Path, old: str, new: str) -> None:
    """Give an export the name it ships under; its sidecar, which lists file names, is written anew."""
    card = read_sidecar(folder / old)
    (folder / old).replace(folder / new)
    if card is not None:
        sidecar_path(folder / old).unlink()
        write_sidecar(folder / new, card)


def main(checkpoint: Path, name: str, data: str, presence_threshold: float = 0.2) -> None:
    """Ship CHECKPOINT as NAME, measured on DATA; the commit in its card is the one checked out."""
    commit = subprocess.run(["git", "rev-parse", "HEAD"], check=True, capture_output=True, text=True).stdout.strip()
    measured = ship(checkpoint, name, open_dataset(data), presence_threshold=presence_threshold, commit=commit)
    typer.echo(json.dumps(measured.metrics))


if __name__ == "__main__":
    app = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None)
    app.command()(main)
    run_app(app)
