"""A file that is copied without its sidecar still tells when it is damaged, or beside another model's weights."""

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from onnx import ModelProto, numpy_helper

from edgepose.export.formats.onnx import write_onnx
from edgepose.runtime.backends import open_model
from edgepose.runtime.errors import ModelError
from edgepose.runtime.model_files.onnx_file import card_of_onnx
from support.engines import backend_or_skip
from support.tiny_card import random_feeds, tiny_card
from support.tiny_model import tiny_graph


def graph_with(weight: float) -> ModelProto:
    graph = tiny_graph(tiny_card())
    tensor = next(tensor for tensor in graph.graph.initializer if tensor.name == "weight")
    values = numpy_helper.to_array(tensor)
    tensor.CopyFrom(numpy_helper.from_array(np.full_like(values, weight), "weight"))
    return graph


def write_openvino(weight: float, path: Path, precision: str = "fp32") -> None:
    backend_or_skip("openvino")
    from edgepose.export.formats import openvino_graph  # noqa: PLC0415  not installed everywhere

    card = replace(tiny_card(), format="openvino", precision=precision)
    openvino_graph.write_openvino(openvino_graph.to_openvino(graph_with(weight)), path, card)


def flip_bit(path: Path, pattern: bytes) -> None:
    content = bytearray(path.read_bytes())
    at = content.index(pattern)
    content[at] ^= 1
    path.write_bytes(content)


def test_a_damaged_weight_of_a_lone_onnx_file_is_one_clear_error(tmp_path: Path) -> None:
    backend_or_skip("onnxruntime")
    path = tmp_path / "tiny.onnx"
    write_onnx(graph_with(0.3), path, tiny_card())
    with open_model(path) as session:
        session.run(random_feeds(session.card))
    flip_bit(path, np.float32(0.3).tobytes())
    for opened in (open_model, card_of_onnx):
        with pytest.raises(ModelError, match=r"tiny.onnx is damaged: its graph is not the one that was exported; exp"):
            opened(path)


@pytest.mark.parametrize("precision", ["fp32", "fp16"])
def test_weights_of_another_openvino_model_are_one_clear_error(tmp_path: Path, precision: str) -> None:
    paths = [tmp_path / name / "tiny.xml" for name in ("one", "other")]
    for path, weight in zip(paths, (0.3, 0.7), strict=True):
        path.parent.mkdir()
        write_openvino(weight, path, precision)
        with open_model(path) as session:
            session.run(random_feeds(session.card))
    shutil.copy(paths[1].with_suffix(".bin"), paths[0].with_suffix(".bin"))
    with pytest.raises(
        ModelError, match=r"tiny.bin is damaged or another model's: tiny.xml is not of it; export it ag"
    ):
        open_model(paths[0])


def test_layers_of_a_lone_openvino_file_that_were_changed_are_one_clear_error(tmp_path: Path) -> None:
    path = tmp_path / "tiny.xml"
    write_openvino(0.3, path)
    content = path.read_bytes()
    # all shapes stay, so that OpenVINO itself notices nothing
    moved = content.replace(b'pads_begin="2, 2"', b'pads_begin="1, 1"').replace(b'pads_end="2, 2"', b'pads_end="3, 3"')
    assert moved != content
    path.write_bytes(moved)
    with pytest.raises(ModelError, match=r"tiny.xml is damaged: its layers are not those that were exported; export"):
        open_model(path)
