"""The budgets that the project promises, in the one table."""

from edgepose.export.proof.tolerances import tolerance_of


def test_int8_may_lose_half_a_point_and_tensorrts_symmetric_file_a_whole_one() -> None:
    drops = {name: tolerance_of(name, "int8").drop for name in ("onnx", "openvino", "tflite", "tensorrt")}
    assert drops == {"onnx": 0.5, "openvino": 0.5, "tflite": 0.5, "tensorrt": 1.0}
    assert tolerance_of("tflite", "dynamic-int8").drop == 0.5


def test_a_format_without_a_row_of_its_own_has_that_of_any() -> None:
    assert tolerance_of("tensorrt", "fp16") is tolerance_of("onnx", "fp16")
