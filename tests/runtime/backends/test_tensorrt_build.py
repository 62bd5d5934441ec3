"""Engines built by TensorRT-RTX, which needs no GPU, and what it says when it refuses."""

import builtins
import re
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from onnx import helper

from edgepose.runtime.backends.tensorrt_build import build_engine, load_tensorrt
from edgepose.runtime.errors import MissingExtraError, ModelError
from support.engines import tensorrt_or_skip
from support.tiny_card import tiny_card
from support.tiny_model import tiny_graph
from support.tiny_tensorrt import tiny_quantised


@pytest.fixture
def rtx() -> ModuleType:
    return tensorrt_or_skip()


def test_an_engine_is_built_without_a_gpu(rtx: ModuleType) -> None:
    built = build_engine(rtx, tiny_graph(tiny_card()).SerializeToString(), "tiny")
    assert len(built) > 10_000


def test_symmetric_int8_is_taken(rtx: ModuleType) -> None:
    assert build_engine(rtx, tiny_quantised(np.int8(0)).SerializeToString(), "tiny")


def test_an_unsigned_zero_point_is_an_error_though_tensorrt_only_warns(rtx: ModuleType) -> None:
    with pytest.raises(ModelError, match=r"^TensorRT would not compute what tiny says: [^\n]*UINT8 zero_point[^\n]*$"):
        build_engine(rtx, tiny_quantised(np.uint8(0)).SerializeToString(), "tiny")


def test_an_asymmetric_activation_is_an_error(rtx: ModuleType) -> None:
    with pytest.raises(ModelError, match=r"^tensorrt-rtx does not take tiny: [^\n]*Non-zero zero point is not supp"):
        build_engine(rtx, tiny_quantised(np.int8(5)).SerializeToString(), "tiny")


def test_a_refused_layer_is_named(rtx: ModuleType) -> None:
    graph = tiny_graph(tiny_card())
    conv = next(node for node in graph.graph.node if node.op_type == "Conv")
    conv.domain, conv.op_type = "nowhere", "Blur"
    graph.opset_import.append(helper.make_opsetid("nowhere", 1))
    with pytest.raises(ModelError, match=r"^tensorrt-rtx does not take tiny: Blur conv: [^\n]*Plugin not found"):
        build_engine(rtx, graph.SerializeToString(), "tiny")


@pytest.mark.parametrize("content", [b"", b"\x89PNG\r\n\x1a\n" * 100], ids=["empty", "foreign"])
def test_what_is_no_onnx_is_one_clear_error(rtx: ModuleType, content: bytes) -> None:
    with pytest.raises(ModelError, match=r"^tensorrt-rtx does not take tiny: [^\n]*; export it with --to tensorrt$"):
        build_engine(rtx, content, "tiny")


def test_a_truncated_graph_is_one_clear_error(rtx: ModuleType) -> None:
    content = tiny_graph(tiny_card()).SerializeToString()
    with pytest.raises(ModelError, match=r"Failed to parse the ONNX model"):
        build_engine(rtx, content[: len(content) // 2], "tiny")


def test_a_builder_without_its_gpu_is_one_clear_error(rtx: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(logger: Any) -> None:
        logger.log(rtx.ILogger.Severity.ERROR, "CUDA initialization failure\nwith error: 35")
        raise TypeError("factory function returned nullptr")

    monkeypatch.setattr(rtx, "Builder", refused)
    with pytest.raises(ModelError, match=re.escape("cannot build here: CUDA initialization failure: with error: 35")):
        build_engine(rtx, b"", "tiny")


def test_without_tensorrt_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.import_module", builtins.__import__)
    with pytest.raises(MissingExtraError, match=re.escape('run: pip install "edgepose[tensorrt-none]"')):
        load_tensorrt(("tensorrt_none",))
