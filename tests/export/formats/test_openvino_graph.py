"""What OpenVINO or the file system refuses is one clear error."""

from dataclasses import replace
from pathlib import Path

import pytest

from edgepose.export.errors import ExportError
from edgepose.export.formats.openvino_graph import to_openvino, write_openvino
from support.tiny_card import tiny_card
from support.tiny_model import tiny_graph


def test_a_graph_that_openvino_does_not_take_is_one_clear_error() -> None:
    graph = tiny_graph(tiny_card())
    graph.graph.node[1].op_type = "Frobnicate"
    with pytest.raises(ExportError, match=r"^openvino does not take the network's graph: [^\n]+$"):
        to_openvino(graph)


def test_a_file_that_cannot_be_written_is_one_clear_error(tmp_path: Path) -> None:
    model, card = to_openvino(tiny_graph(tiny_card())), replace(tiny_card(), format="openvino")
    (tmp_path / "tiny.bin").mkdir()
    with pytest.raises(ExportError, match=r"^cannot write [^\n]*tiny.xml: [^\n]+; free some space$"):
        write_openvino(model, tmp_path / "tiny.xml", card)
