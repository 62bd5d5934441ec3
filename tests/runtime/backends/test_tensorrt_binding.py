"""What a TensorRT session does with CUDA's memory, stream and graph, in the host's memory: the order, the lifetimes."""

from typing import Any

import numpy as np
import pytest

from edgepose.runtime.arrays import FloatArray
from edgepose.runtime.errors import ModelError
from edgepose.runtime.model_files.tensors import TensorSpec
from support.engines import backend_or_skip
from support.host_cuda import DoublingContext, HostCuda

tensorrt_binding = backend_or_skip("tensorrt_binding")
SPECS = [TensorSpec("image", "float32", (-1, 3)), TensorSpec("heatmaps", "float32", (-1, 3))]


@pytest.fixture
def cuda(monkeypatch: pytest.MonkeyPatch) -> HostCuda:
    module = backend_or_skip("cuda")
    host = HostCuda(module.cudart)
    monkeypatch.setattr(module, "cudart", host)
    return host


def bound(cuda: HostCuda, context: DoublingContext | None = None, images: int = 2) -> Any:
    stream = backend_or_skip("cuda").Stream()
    return tensorrt_binding.Binding(context or DoublingContext(cuda), stream, {"image": (images, 3)}, SPECS)


def images(seed: int, count: int = 2) -> FloatArray:
    return np.random.default_rng(seed).random((count, 3)).astype(np.float32)


@pytest.mark.parametrize(("can_capture", "can_instantiate"), [(True, True), (False, True), (True, False)])
def test_each_run_computes_its_own_input(cuda: HostCuda, can_capture: bool, can_instantiate: bool) -> None:
    cuda.can_capture, cuda.can_instantiate = can_capture, can_instantiate
    binding = bound(cuda)
    outputs = [binding.run({"image": images(seed)}) for seed in range(3)]
    for seed, (heatmaps,) in enumerate(outputs):
        # also those of earlier runs: the next one must not write into them
        np.testing.assert_array_equal(heatmaps, 2 * images(seed))
    assert cuda.launches == (3 if can_capture and can_instantiate else 0)


def test_a_context_that_cannot_be_captured_is_not(cuda: HostCuda) -> None:
    context = DoublingContext(cuda)
    context.is_stream_capturable = lambda _stream: False  # type: ignore[attr-defined]
    (heatmaps,) = bound(cuda, context).run({"image": images(0)})
    np.testing.assert_array_equal(heatmaps, 2 * images(0))
    assert cuda.launches == 0


def test_after_a_break_in_the_middle_of_a_capture_the_stream_takes_work_again(cuda: HostCuda) -> None:
    stream = backend_or_skip("cuda").Stream()

    def broken_off() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        stream.captured(broken_off)
    done: list[str] = []
    cuda.submit(lambda: done.append("done"))
    stream.wait()
    assert done == ["done"]


def test_an_output_of_unknown_size_is_one_clear_error_and_leaves_nothing(cuda: HostCuda) -> None:
    context = DoublingContext(cuda)
    context.get_tensor_shape = lambda name: (2, 3) if name == "image" else (-1, 3)  # type: ignore[method-assign]
    with pytest.raises(ModelError, match="the engine does not tell how large heatmaps is"):
        bound(cuda, context)
    assert cuda.held == {}


def test_all_memory_is_given_back(cuda: HostCuda) -> None:
    binding = bound(cuda)
    assert len(cuda.held) == 4
    binding.run({"image": images(0)})
    binding.release()
    assert cuda.held == {}


def test_a_shape_that_the_engine_refuses_is_one_clear_error_and_leaves_nothing(cuda: HostCuda) -> None:
    with pytest.raises(ModelError, match=r"the engine does not take image of shape \(5, 3\); feed at most"):
        bound(cuda, images=5)
    assert cuda.held == {}


def test_a_network_that_cannot_be_queued_is_one_clear_error_and_leaves_nothing(cuda: HostCuda) -> None:
    with pytest.raises(ModelError, match="TensorRT could not queue the network"):
        bound(cuda, DoublingContext(cuda, fails=True))
    assert cuda.held == {}
