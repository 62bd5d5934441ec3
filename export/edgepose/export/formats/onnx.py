"""ONNX: fp16 is typed, int8 holds Q/DQ pairs."""

import copy
from pathlib import Path
from typing import Any

from onnx import ModelProto, helper, save_model

from edgepose.export.formats.base import Exporter, ExportSource
from edgepose.export.quantise.onnx import quantise_onnx
from edgepose.export.quiet import quiet
from edgepose.runtime.arrays import ImageArray
from edgepose.runtime.model_files.card import ONNX_CARD_KEY, ONNX_HASH_KEY, ModelCard
from edgepose.runtime.model_files.onnx_file import graph_sha256


class OnnxExporter(Exporter):
    """ONNX, for ONNX Runtime and whatever else reads it."""

    format = "onnx"
    suffix = ".onnx"
    computes_in_half = True

    def convert(
        self, source: ExportSource, precision: str, calibration_rgb: ImageArray, excluded: tuple[str, ...] = ()
    ) -> Any:
        """Return an `onnx.ModelProto`."""
        if precision == "int8":
            return source.finished(quantise_onnx(source.graph, calibration_rgb, excluded))
        return source.finished(to_half(source.graph) if precision == "fp16" else source.graph)

    def _write(self, model: Any, path: Path, card: ModelCard) -> None:
        write_onnx(model, path, card)


def to_half(graph: ModelProto, *, throughout: bool = False) -> ModelProto:
    """Return a typed fp16 copy; input and output keep their types, and not `throughout` what ONNX Runtime advises."""
    with quiet():
        from onnxruntime.transformers.float16 import convert_float_to_float16  # noqa: PLC0415  slow to import

        kept_float: list[str] | None = [] if throughout else None
        return convert_float_to_float16(copy.deepcopy(graph), keep_io_types=True, op_block_list=kept_float)


def write_onnx(graph: ModelProto, path: Path, card: ModelCard) -> None:
    """Write a graph with its card and its hash inside."""
    digest = graph_sha256(graph.SerializeToString())
    with_card = copy.deepcopy(graph)
    helper.set_model_props(with_card, {ONNX_CARD_KEY: card.to_json(), ONNX_HASH_KEY: digest})
    save_model(with_card, path)
