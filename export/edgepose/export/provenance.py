"""What an exported file's card says of the export."""

import importlib
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from edgepose.runtime.plumbing.files import sha256_of

_TOOLS = (
    "edgepose",
    "torch",
    "onnx",
    "onnxsim",
    "onnxruntime",
    "openvino",
    "nncf",
    "litert-torch",
    "ai-edge-quantizer",
    "ai-edge-litert",
)


def exported_from(checkpoint: Path) -> dict[str, Any]:
    """Return the checkpoint's hash and the versions of the tools that are installed, as JSON values."""
    versions = {tool: _version(tool) for tool in _TOOLS}
    return {
        "checkpoint_sha256": sha256_of(checkpoint),
        "versions": {tool: found for tool, found in versions.items() if found is not None},
    }


def _version(tool: str) -> str | None:
    """Return a tool's version; other packages may stand in for one, as onnxruntime-gpu for onnxruntime."""
    try:
        return version(tool)
    except PackageNotFoundError:
        module = tool.replace("-", "_")
        if find_spec(module) is None:
            return None
        return str(getattr(importlib.import_module(module), "__version__", "unknown"))
