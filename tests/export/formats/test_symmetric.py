"""The range of a tensor: what it is for known values, and that it is never worse than the largest."""

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import ModelProto, TensorProto, helper, numpy_helper

from edgepose.export.formats.symmetric import Magnitudes, activation_scales, quantise_convolutions


def error(values: np.ndarray, scale: float) -> float:
    """Return the mean squared error of 127 steps to either side."""
    restored = np.clip(np.round(values / scale), -127, 127) * scale
    return float(np.square(restored - values).mean())


def seen(*parts: np.ndarray) -> Magnitudes:
    magnitudes = Magnitudes()
    for part in parts:
        magnitudes.add(part.astype(np.float32))
    return magnitudes


def two_convolutions() -> ModelProto:
    """Return `image` (1, 1, 6, 6) convolved with a stored weight, and with one that comes from the image itself."""
    nodes = [
        helper.make_node("Cast", ["image"], ["x"], to=TensorProto.FLOAT),
        helper.make_node("Conv", ["x", "weight"], ["plain"], "plain"),
        helper.make_node("ReduceMean", ["x"], ["mean"], keepdims=1),
        helper.make_node("Conv", ["plain", "mean"], ["heatmaps"], "own"),
    ]
    image = helper.make_tensor_value_info("image", TensorProto.UINT8, [1, 1, 6, 6])
    result = helper.make_tensor_value_info("heatmaps", TensorProto.FLOAT, [1, 1, 4, 4])
    weight = numpy_helper.from_array(np.linspace(-1, 1, 9, dtype=np.float32).reshape(1, 1, 3, 3), "weight")
    graph = helper.make_graph(nodes, "two", [image], [result], [weight])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)


def run(model: ModelProto, image: np.ndarray) -> np.ndarray:
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    return np.asarray(session.run(None, {"image": image})[0])


def test_a_weight_that_comes_from_the_image_stays_in_floats(rng: np.random.Generator) -> None:
    images = rng.integers(0, 256, (20, 1, 6, 6), np.uint8)
    graph = two_convolutions()
    quantised = quantise_convolutions(graph, activation_scales(graph, images), ())
    onnx.checker.check_model(quantised, full_check=True)
    plain, own = (node for node in quantised.graph.node if node.op_type == "Conv")
    assert list(plain.input) == ["x_dequantised", "weight_dequantised"]
    assert list(own.input) == ["plain", "mean"]
    expected = run(graph, images[:1])
    assert np.abs(run(quantised, images[:1]) - expected).max() < 0.02 * np.abs(expected).max()


def test_even_values_keep_their_range(rng: np.random.Generator) -> None:
    values = rng.uniform(-3, 3, (40, 500))
    assert seen(values).scale() == pytest.approx(3 / 127, rel=0.05)


def test_a_far_value_does_not_cost_all_others_their_steps(rng: np.random.Generator) -> None:
    values = np.append(rng.normal(0, 1, 200_000), 12.0)
    scale = seen(values).scale()
    assert error(values, scale) < error(values, 12 / 127) / 2


@pytest.mark.parametrize("kind", ["normal", "exponential", "laplace"])
def test_the_range_is_close_to_the_best_there_is(rng: np.random.Generator, kind: str) -> None:
    values = getattr(rng, kind)(size=50_000)
    best = min(error(values, share * np.abs(values).max() / 127) for share in np.linspace(0.3, 1, 141))
    assert error(values, seen(values).scale()) <= 1.03 * best


def test_the_order_in_which_pictures_are_seen_hardly_matters(rng: np.random.Generator) -> None:
    parts = [rng.normal(0, size, 20_000) for size in (0.1, 1.0, 7.0)]
    assert seen(*parts).scale() == pytest.approx(seen(*parts[::-1]).scale(), rel=0.03)


def test_a_tensor_of_zeros_has_a_scale() -> None:
    assert seen(np.zeros(10), np.zeros(10)).scale() > 0
    assert seen(np.zeros(10), np.ones(10)).scale() == pytest.approx(1 / 127, rel=0.02)
