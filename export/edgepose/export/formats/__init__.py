"""The formats that a network is exported to, one file each."""

from edgepose.export.errors import ExportError
from edgepose.export.formats.base import Exporter, ExportSource
from edgepose.export.formats.onnx import OnnxExporter
from edgepose.export.formats.openvino import OpenVinoExporter
from edgepose.export.formats.tensorrt import TensorRtExporter
from edgepose.export.formats.tflite import TfliteExporter

__all__ = ["TARGETS", "ExportSource", "Exporter", "exporter_of"]

TARGETS: dict[str, Exporter] = {
    "onnx": OnnxExporter(),
    "openvino": OpenVinoExporter(),
    "tflite": TfliteExporter(),
    "tensorrt": TensorRtExporter(),
}
"""TensorRT comes last: its int8 is the coarsest, and formats start from the layers that those before them left out."""


def exporter_of(name: str, precision: str) -> Exporter:
    """Return the exporter of a format.

    Raises `ExportError` listing what exists for an unknown format or precision.
    """
    if name not in TARGETS:
        raise ExportError(f"unknown format {name!r}; known: {', '.join(TARGETS)}")
    if precision not in TARGETS[name].precisions:
        raise ExportError(f"unknown precision {precision!r} for {name}; known: {', '.join(TARGETS[name].precisions)}")
    return TARGETS[name]
