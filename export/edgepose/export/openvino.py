"""ONNX to OpenVINO's own format, names kept."""

from pathlib import Path
from typing import Any

import openvino
from onnx import ModelProto

from edgepose.export.errors import ExportError
from edgepose.export.quiet import quiet
from edgepose.runtime.backends.base import one_line
from edgepose.runtime.card import OPENVINO_CARD_PATH, ModelCard


def to_openvino(graph: ModelProto) -> Any:
    """Return the graph as an `openvino.Model`.

    Raises `ExportError` when OpenVINO does not take it.
    """
    try:
        with quiet():
            return openvino.Core().read_model(graph.SerializeToString())
    except RuntimeError as error:
        raise ExportError(f"openvino does not take the network's graph: {one_line(error)}") from error


def write_openvino(model: Any, path: Path, card: ModelCard) -> None:
    """Write `path` (.xml) and its .bin with the card inside; at precision fp16 the weights are halved.

    Raises `ExportError` where the file system refuses.
    """
    model.set_rt_info(card.to_json(), list(OPENVINO_CARD_PATH))
    try:
        openvino.save_model(model, path, compress_to_fp16=card.precision == "fp16")
    except RuntimeError as error:
        raise ExportError(f"cannot write {path}: {one_line(error)}; free some space") from error
