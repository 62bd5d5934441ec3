"""What an exported file's card says of the export."""

from importlib.metadata import version
from pathlib import Path
from typing import Any

from edgepose.runtime.files import sha256_of

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


def exported_from(checkpoint: Path, calibration: str | None) -> dict[str, Any]:
    """Return the checkpoint's hash, the calibration data's name and the versions of the tools, as JSON values."""
    return {
        "checkpoint_sha256": sha256_of(checkpoint),
        "calibration": calibration,
        "versions": {tool: version(tool) for tool in _TOOLS},
    }
