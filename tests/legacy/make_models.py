"""Write what the tests of tflite-runtime need and cannot make themselves, with the development environment.

    python tests/legacy/make_models.py FOLDER

The tiny model in its three forms, the shipped networks exported to TFLite, crops of rendered people, and the keypoints
that LiteRT finds in these.
"""

import sys
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import numpy as np

from edgepose.export.formats import exporter_of
from edgepose.export.original import prepare
from edgepose.export.proof.crops import load_crops
from edgepose.export.request import ExportRequest
from edgepose.runtime.backends import open_model
from edgepose.train.checkpoints.checkpoint import resolve_checkpoint
from edgepose.train.data import open_dataset

sys.path.insert(0, str(Path(__file__).parents[1]))
from support.shipped import of_one_person
from support.tiny_card import tiny_card
from support.tiny_tflite import save_tiny_tflite

PRECISIONS = ("fp32", "int8")
OF_THE_SMALLEST = ("fp32", "fp16", "dynamic-int8", "int8")
CALIBRATE, PEOPLE = "synthetic:32:1", 48


def export_shipped(folder: Path) -> None:
    """Write FOLDER/NAME-PRECISION.tflite for every shipped model of one person; accuracy is another test's."""
    folder.mkdir(parents=True, exist_ok=True)
    models = of_one_person()
    smallest = min(models, key=lambda model: model.size_mb)
    with ProcessPoolExecutor(2, get_context("spawn")) as processes:
        precisions = [OF_THE_SMALLEST if model is smallest else PRECISIONS for model in models]
        exported = [
            processes.submit(export, model.name, of, folder) for model, of in zip(models, precisions, strict=True)
        ]
        for each in exported:
            each.result()


def export(name: str, precisions: Sequence[str], folder: Path) -> None:
    """Write FOLDER/NAME-PRECISION.tflite for each precision."""
    targets = [("tflite", precision) for precision in precisions]
    request = ExportRequest(resolve_checkpoint(name), targets, folder, calibrate=CALIBRATE)
    original = prepare(request, lambda _: None)
    for precision in precisions:
        exporter = exporter_of("tflite", precision)
        model = exporter.convert(original.source, precision, original.calibration_rgb, ())
        exporter.save(model, folder, exporter.card(original.card, precision))


def write_expected(path: Path) -> None:
    """Write FILE.npz beside a model: crops of people, and what LiteRT makes of them."""
    with open_model(path) as session:
        crops = load_crops(open_dataset(f"synthetic:{PEOPLE}:3"), session.card, PEOPLE).images_rgb
        image, found = session.inputs[0].name, session.outputs[0].name
        maps = np.concatenate([session.run({image: crop[None]})[found] for crop in crops])
        keypoints, scores = session.card.codec_object().decode(maps)
    np.savez(path.with_suffix(".npz"), images_rgb=crops, keypoints_crop=keypoints, scores=scores)


def main() -> None:
    folder = Path(sys.argv[1])
    for name, card, options in (
        ("fixed", None, {}),
        ("free", tiny_card(), {}),
        ("unsigned", None, {"signature": False, "sidecar": False}),
    ):
        (folder / name).mkdir(parents=True, exist_ok=True)
        save_tiny_tflite(folder / name, card, **options)
    export_shipped(folder / "shipped")
    for path in sorted((folder / "shipped").glob("*.tflite")):
        write_expected(path)


if __name__ == "__main__":
    main()
