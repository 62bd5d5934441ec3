"""Models that a benchmark was not given: exported or quantised here, good enough for their speed."""

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from edgepose.profiles.errors import EdgeposeError
from edgepose.runtime.backends.openvino import OpenVinoSession
from edgepose.runtime.model_files.shipped import resolve_model
from edgepose.runtime.profiling.network import random_feeds

_RENDERED = ("--calibrate", "synthetic:200:1", "--validate", "synthetic:200:2", "--limit", "100")


@contextmanager
def model_or_tflite(model: str, *, tflite: bool) -> Iterator[Path]:
    """Yield a model's file or, where TFLite is wanted and it is another's, an export of the shipped one to TFLite."""
    path = resolve_model(model)
    if not tflite or path.suffix == ".tflite":
        yield path
        return
    with tempfile.TemporaryDirectory() as folder:
        yield export_tflite(model, ("fp32",), Path(folder))["fp32"]


def export_tflite(model: str, precisions: tuple[str, ...], folder: Path) -> dict[str, Path]:
    """Export a shipped model or a checkpoint to TFLite with rendered people; the files by precision.

    Raises `EdgeposeError` when that fails.
    """
    program = str(Path(sys.executable).with_name("edgepose"))
    command = [program, "export", model, "--to", "tflite", "--precision", ",".join(precisions), *_RENDERED]
    done = subprocess.run([*command, "--out", str(folder)], capture_output=True, text=True, check=False)
    found = {precision: next(folder.glob(f"*-{precision}.tflite"), None) for precision in precisions}
    if done.returncode or None in found.values():
        raise EdgeposeError(f"export of {model} to TFLite failed: {(done.stderr.strip() or 'no reason told')[-300:]}")
    return {precision: path for precision, path in found.items() if path is not None}


def quantise_on_noise(path: Path, folder: Path) -> Path:
    """Write an int8 copy of an ONNX file for OpenVINO into `folder`, made as an export makes it.

    Its speed does not depend on the calibration.
    """
    import openvino  # noqa: PLC0415  only where no int8 file was given
    from onnx import load  # noqa: PLC0415

    from edgepose.export.formats.openvino_graph import to_openvino  # noqa: PLC0415
    from edgepose.export.graphs.widening import widen_groups  # noqa: PLC0415
    from edgepose.export.quantise.openvino import quantise_openvino  # noqa: PLC0415

    with OpenVinoSession(path) as session:
        images_rgb = np.concatenate([random_feeds(session, seed)[session.inputs[0].name] for seed in range(16)])
    openvino.save_model(quantise_openvino(to_openvino(widen_groups(load(path))), images_rgb), folder / "int8.xml")
    return folder / "int8.xml"
