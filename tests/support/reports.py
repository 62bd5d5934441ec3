"""Reports of `edgepose profile` with figures that are easy to find again."""

from dataclasses import replace

from edgepose.profiles import Budget
from edgepose.profiles.result import STAGES
from edgepose.runtime.profiling.distribution import Distribution
from edgepose.runtime.profiling.report import Report

LOAD = {"average_1min": 0.5, "others_percent": 1.0}
ENVIRONMENT = {
    **dict.fromkeys(("edgepose", "python", "system", "cpu", "architecture", "profile", "engine"), "x"),
    **dict.fromkeys(("engine_version", "device", "precision", "source"), "[x]"),
    "sha256": {"net.onnx": "abc"},
    "cores": 2,
    "threads": 0,
    "memory_mb": None,
    "is_sequence": True,
    "frame_wh": [640, 480],
    "most_people": 1,
    "everybody": False,
    "min_score": None,
    "draws": True,
    "frames_with_people": 100,
    "warmup": {"network": 1, "frames": 1},
    "load_before": LOAD,
    "load_during": LOAD,
}
REPORT = Report(
    model="[net].onnx",
    environment=ENVIRONMENT,
    network_ms=Distribution(10, 11, 12, 13, 14, 100),
    pipeline_ms=Distribution(20, 21, 22, 23, 24, 100),
    stages_ms=dict.fromkeys(STAGES, Distribution(1, 2, 3, 4, 5, 100)),
    fps=30,
    dropped=0,
    rss_mb=200,
    size_mb=3,
    first_pose_ms=400,
)
FAST = replace(REPORT, network_ms=Distribution(4, 5, 6, 7, 8, 100), budget=REPORT.checks(Budget(fps=30.0)))
BUSY = replace(
    REPORT,
    environment={**ENVIRONMENT, "load_during": {"average_1min": 3.0, "others_percent": 40.0}},
    budget=REPORT.checks(Budget(fps=60.0)),
)
ELSEWHERE = replace(REPORT, environment={**ENVIRONMENT, "cpu": "a <board> & more", "cores": 4})
REPORTS = {"slow": REPORT, "fast": FAST, "busy": BUSY, "board": ELSEWHERE}
