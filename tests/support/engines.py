"""Engines that may be absent, and accelerators that may be there."""

import importlib
import os
from types import ModuleType
from typing import NoReturn

import pytest

from edgepose.runtime.backends.tensorrt_build import load_tensorrt
from edgepose.runtime.errors import MissingExtraError


def backend_or_skip(name: str) -> ModuleType:
    """Return the module `edgepose.runtime.backends.<name>`; skip without its engine, but fail where CI=true.

    Called at the head of a file it skips all its tests.
    """
    try:
        return importlib.import_module(f"edgepose.runtime.backends.{name}")
    except MissingExtraError as missing:
        _do_without(missing)


def tensorrt_or_skip() -> ModuleType:
    """Return TensorRT-RTX, which builds engines without a GPU; skip without it, but fail where CI=true."""
    try:
        return load_tensorrt(("tensorrt_rtx",))
    except MissingExtraError as missing:
        _do_without(missing)


def _do_without(missing: MissingExtraError) -> NoReturn:
    if os.environ.get("CI") == "true":
        pytest.fail(f"CI installs every engine, yet {missing}")
    pytest.skip(str(missing), allow_module_level=True)


def leave_onnxruntime_the_cpu(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let ONNX Runtime have no provider but the CPU's, whatever this machine has."""
    onnxruntime = backend_or_skip("onnxruntime").onnxruntime
    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: ["CPUExecutionProvider"])


def skip_where_openvino_has_more_than_a_cpu() -> None:
    """Skip a test of what OpenVINO says and does where there is neither GPU nor NPU."""
    others = set(backend_or_skip("openvino").openvino.Core().available_devices) - {"CPU"}
    if others:
        pytest.skip(f"OpenVINO finds {', '.join(sorted(others))} here")
