"""TFLite for LiteRT: every precision is made from one flatbuffer, whose card is in a zip archive at its end."""

from hashlib import sha256
from pathlib import Path
from typing import Any, cast

from edgepose.export.formats.base import Exporter, ExportSource
from edgepose.export.formats.tflite_graph import to_tflite
from edgepose.export.formats.tflite_quantise import Ranges, ranges_of, to_dynamic_int8, to_half, to_int8
from edgepose.runtime.arrays import ImageArray
from edgepose.runtime.model_files.card import ModelCard
from edgepose.runtime.model_files.tflite_file import with_card
from edgepose.runtime.plumbing.files import write_whole


class TfliteExporter(Exporter):
    """TFLite: fp16 and dynamic-int8 are about weights alone, int8 is about activations too."""

    format = "tflite"
    suffix = ".tflite"
    precisions = ("fp32", "fp16", "dynamic-int8", "int8")
    extra = "export-tflite"
    tools = ("litert_torch", "ai_edge_quantizer", "ai_edge_litert")

    def convert(
        self, source: ExportSource, precision: str, calibration_rgb: ImageArray, excluded: tuple[str, ...] = ()
    ) -> Any:
        """Return the flatbuffer as bytes."""
        exact = cast("bytes", source.once("tflite", lambda: to_tflite(source)))
        if precision == "int8":
            return to_int8(exact, _ranges(source, exact, calibration_rgb), excluded)
        if precision == "dynamic-int8":
            return to_dynamic_int8(exact, excluded)
        return to_half(exact) if precision == "fp16" else exact

    def _write(self, model: Any, path: Path, card: ModelCard) -> None:
        with write_whole(path) as temporary:
            temporary.write_bytes(with_card(model, card))


def _ranges(source: ExportSource, flatbuffer: bytes, calibration_rgb: ImageArray) -> Ranges:
    crops = sha256(calibration_rgb.tobytes()).hexdigest()
    return cast("Ranges", source.once(f"tflite ranges of {crops}", lambda: ranges_of(flatbuffer, calibration_rgb)))
