"""Which of several processes runs which tests."""

from pathlib import PurePosixPath

from xdist.scheduler import LoadScopeScheduling

_TOGETHER = {
    "random networks": (
        "test_exporter.py",
        "test_quantise_onnx.py",
        "test_rectify.py",
        "test_tensorrt_exporter.py",
        "test_tflite_format.py",
    ),
    "trained networks": (
        "test_calibration.py",
        "test_cli_export.py",
        "test_decode.py",
        "test_export_run.py",
        "test_parity.py",
        "test_qat_export.py",
    ),
}
_GROUPS = {file: group for group, files in _TOGETHER.items() for file in files}


class WholeFiles(LoadScopeScheduling):
    """Gives out whole files, and those together that share networks which are slow to make."""

    def _split_scope(self, nodeid: str) -> str:
        path = nodeid.split("::", 1)[0]
        return _GROUPS.get(PurePosixPath(path).name, path)
