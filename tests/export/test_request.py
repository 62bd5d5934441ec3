"""A list of formats and precisions stands for every file that exists; what does not is told."""

from pathlib import Path

import pytest

from edgepose.export.errors import ExportError
from edgepose.export.formats import TARGETS
from edgepose.export.request import ExportRequest, targets_of


def test_all_is_every_format_in_every_precision_that_it_has() -> None:
    found = targets_of(["all"], ["fp32", "fp16", "int8"])
    assert found == [(name, precision) for name in TARGETS for precision in ("fp32", "fp16", "int8")]
    assert targets_of(["onnx", "all"], ["fp32"]) == [(name, "fp32") for name in TARGETS]


def test_a_format_skips_what_only_another_one_has() -> None:
    assert targets_of(["onnx", "tflite"], ["fp32", "dynamic-int8"]) == [
        ("onnx", "fp32"),
        ("tflite", "fp32"),
        ("tflite", "dynamic-int8"),
    ]


@pytest.mark.parametrize(
    ("calibrate", "validate", "expected"),
    [
        (None, None, "synthetic:200"),
        ("lsp:a:train", None, "lsp:a:train"),
        ("lsp:a:train", "lsp:a:test", "lsp:a:test"),
        ("synthetic:50", None, "synthetic:50:1"),
        ("synthetic:50:3:exercising", None, "synthetic:50:4:exercising"),
        ("synthetic:50", "synthetic:50", "synthetic:50"),
    ],
)
def test_rendered_people_are_not_both_calibrated_with_and_compared_on(
    calibrate: str | None, validate: str | None, expected: str
) -> None:
    request = ExportRequest(Path("x"), [("onnx", "fp32")], Path("out"), calibrate=calibrate, validate=validate)
    assert request.validated_on == expected


@pytest.mark.parametrize("option", ["calibrate", "validate"])
def test_an_empty_name_of_data_is_no_data(option: str) -> None:
    with pytest.raises(ExportError, match=f"--{option} is empty; is the variable set"):
        ExportRequest(Path("x"), [("onnx", "int8")], Path("out"), **{"calibrate": "synthetic:9", option: ""})


@pytest.mark.parametrize(
    ("formats", "precisions", "message"),
    [
        (["al"], ["fp32"], "unknown format 'al'; known: all, onnx, openvino"),
        (["all"], ["fp32", "int4"], "unknown precision 'int4' for onnx, openvino.*; known: fp32, fp16, int8"),
        (
            ["onnx", "openvino"],
            ["dynamic-int8"],
            "unknown precision 'dynamic-int8' for onnx, openvino; known: fp32, fp16",
        ),
    ],
)
def test_what_no_format_has_is_told(formats: list[str], precisions: list[str], message: str) -> None:
    with pytest.raises(ExportError, match=message):
        targets_of(formats, precisions)


def test_layers_are_left_out_of_int8_alone(tmp_path: Path) -> None:
    with pytest.raises(ExportError, match="--exclude is for int8, found fp16, fp32; add it to --precision"):
        ExportRequest(tmp_path / "x", [("onnx", "fp32"), ("onnx", "fp16")], tmp_path, exclude=["stem"])
