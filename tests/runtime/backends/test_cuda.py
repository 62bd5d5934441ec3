"""What is known of a driver, and what CUDA says where there is none."""

from pathlib import Path

import pytest

from edgepose.runtime.errors import NotHereError
from support.engines import backend_or_skip

cuda = backend_or_skip("cuda")

_LINES = {
    "535.104.05": "NVRM version: NVIDIA UNIX x86_64 Kernel Module  535.104.05  Sat Aug 19 01:15:15 UTC 2023\nGCC",
    "570.86.15": "NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  570.86.15  Release Build  (dvs-builder)\n",
    "540.4.0": "NVRM version: NVIDIA UNIX Open Kernel Module for aarch64  540.4.0  Release Build  (buildbrain)\n",
}


@pytest.fixture(scope="module")
def no_gpu() -> str:
    """What CUDA says of this machine; skips where there is a GPU."""
    try:
        cuda.find_gpu()
    except NotHereError as error:
        return f"{error} | {error.needs}"
    pytest.skip("needs a machine without a GPU")


@pytest.mark.parametrize("version", _LINES)
def test_the_driver_tells_its_version(tmp_path: Path, version: str) -> None:
    file = tmp_path / "version"
    file.write_text(_LINES[version])
    assert cuda.driver_version(file) == version


def test_elsewhere_the_cuda_that_the_driver_offers_stands_for_it(tmp_path: Path) -> None:
    assert cuda.driver_version(tmp_path / "absent").startswith("-cuda")


def test_no_gpu_is_one_line_with_the_reason(no_gpu: str) -> None:
    assert no_gpu.startswith("TensorRT runs on an NVIDIA GPU, and CUDA finds none (")
    assert no_gpu.endswith("; run it there | a GPU")
    assert "\n" not in no_gpu


def test_a_failed_call_raises_in_cudas_words(no_gpu: str) -> None:
    for make in (cuda.Stream, lambda: cuda.Buffer((1, 3), "float32")):
        with pytest.raises(cuda.CudaError, match=r"^CUDA failed: [^\n]+; if it goes on failing, restart the device$"):
            make()


def test_a_call_that_succeeds_gives_its_value() -> None:
    assert cuda.called((cuda.cudart.cudaError_t.cudaSuccess, 5)) == 5
    assert cuda.called((cuda.cudart.cudaError_t.cudaSuccess,)) is None
