"""One exporter per format: (graph, precision) -> a model in memory -> a file with its card."""

from abc import ABC, abstractmethod
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

from onnx import ModelProto

from edgepose.export.errors import ExportError
from edgepose.export.onnx import to_half, write_onnx
from edgepose.export.openvino import to_openvino, write_openvino
from edgepose.export.quantise import quantise
from edgepose.runtime.arrays import ImageArray
from edgepose.runtime.card import ModelCard
from edgepose.runtime.sidecar import write_sidecar


class Exporter(ABC):
    """Converts the fp32 graph of a network to one format; every format starts from the same graph.

    `convert` gives the engine's own model, which `save` may write more than once: its card changes when its accuracy
    is known.
    """

    format: ClassVar[str]
    suffix: ClassVar[str]
    precisions: ClassVar[tuple[str, ...]] = ("fp32", "fp16", "int8")

    @abstractmethod
    def convert(self, graph: ModelProto, precision: str, calibration_rgb: ImageArray) -> Any:
        """Return the model at a precision; crops uint8 (N, H, W, 3) calibrate int8 and are else unused.

        Raises `ExportError` when the conversion fails.
        """

    @abstractmethod
    def _write(self, model: Any, path: Path, card: ModelCard) -> None:
        """Write what `convert` gave, with the card inside."""

    def save(self, model: Any, folder: Path, card: ModelCard) -> Path:
        """Write a model with its card, inside and beside it, and return its path."""
        path = folder / f"{card.name}-{card.precision}{self.suffix}"
        self._write(model, path, card)
        write_sidecar(path, card)
        return path

    def card(self, original: ModelCard, precision: str) -> ModelCard:
        """Return the card of the export of a checkpoint's card: one crop at a time, in this format."""
        inputs, outputs = (
            tuple(replace(spec, shape=(1, *spec.shape[1:])) for spec in specs)
            for specs in (original.inputs, original.outputs)
        )
        return replace(original, format=self.format, precision=precision, inputs=inputs, outputs=outputs)


class OnnxExporter(Exporter):
    """ONNX: fp16 is typed, int8 holds Q/DQ pairs."""

    format = "onnx"
    suffix = ".onnx"

    def convert(self, graph: ModelProto, precision: str, calibration_rgb: ImageArray) -> Any:
        """Return an `onnx.ModelProto`."""
        if precision == "int8":
            return quantise(graph, calibration_rgb)
        return to_half(graph) if precision == "fp16" else graph

    def _write(self, model: Any, path: Path, card: ModelCard) -> None:
        write_onnx(model, path, card)


class OpenVinoExporter(Exporter):
    """OpenVINO: fp16 halves the weights on disk, the engine chooses its arithmetic."""

    format = "openvino"
    suffix = ".xml"

    def convert(self, graph: ModelProto, precision: str, calibration_rgb: ImageArray) -> Any:
        """Return an `openvino.Model`."""
        model = to_openvino(graph)
        return quantise(model, calibration_rgb) if precision == "int8" else model

    def _write(self, model: Any, path: Path, card: ModelCard) -> None:
        write_openvino(model, path, card)


TARGETS: dict[str, Exporter] = {"onnx": OnnxExporter(), "openvino": OpenVinoExporter()}


def exporter_of(name: str, precision: str) -> Exporter:
    """Return the exporter of a format.

    Raises `ExportError` listing what exists for an unknown format or precision.
    """
    if name not in TARGETS:
        raise ExportError(f"unknown format {name!r}; known: {', '.join(TARGETS)}")
    if precision not in TARGETS[name].precisions:
        raise ExportError(f"unknown precision {precision!r} for {name}; known: {', '.join(TARGETS[name].precisions)}")
    return TARGETS[name]
