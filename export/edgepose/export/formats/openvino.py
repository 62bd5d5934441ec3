"""OpenVINO's own format, from ONNX, names kept."""

from pathlib import Path
from typing import Any

from edgepose.export.formats.base import Exporter, ExportSource
from edgepose.export.graphs.widening import widen_groups
from edgepose.runtime.arrays import ImageArray
from edgepose.runtime.model_files.card import ModelCard


class OpenVinoExporter(Exporter):
    """OpenVINO: fp16 halves the weights on disk, the engine chooses its arithmetic."""

    format = "openvino"
    suffix = ".xml"
    extra = "export-openvino"
    tools = ("openvino", "nncf")

    def convert(
        self, source: ExportSource, precision: str, calibration_rgb: ImageArray, excluded: tuple[str, ...] = ()
    ) -> Any:
        """Return an `openvino.Model`."""
        from edgepose.export.formats import openvino_graph  # noqa: PLC0415  not installed everywhere
        from edgepose.export.quantise.openvino import quantise_openvino  # noqa: PLC0415

        model = openvino_graph.to_openvino(widen_groups(source.graph))
        if precision == "int8":
            kept = openvino_graph.nodes_of(model, source.graph, excluded)
            model = quantise_openvino(model, calibration_rgb, kept)
        if source.decode_graph is None:
            return model
        return openvino_graph.with_decode(model, openvino_graph.to_openvino(source.decode_graph))

    def _write(self, model: Any, path: Path, card: ModelCard) -> None:
        from edgepose.export.formats.openvino_graph import write_openvino  # noqa: PLC0415  not installed everywhere

        write_openvino(model, path, card)
