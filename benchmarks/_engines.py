"""The engines that benchmarks compare: our session on each, and the tool that its makers measure it with."""

import json
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from edgepose.profiles.errors import EdgeposeError
from edgepose.runtime.backends.base import Session, SessionOptions
from edgepose.runtime.profiling.network import measure_network, random_feeds

WARMUP = 30


@dataclass(frozen=True)
class Side:
    """What both sides run alike: this file, so many threads, this arithmetic, `runs` times."""

    path: Path
    threads: int
    precision: str
    runs: int


@dataclass(frozen=True)
class Engine:
    """An engine's session, and its own tool, which gives the median time of a run."""

    open: Callable[[Path, SessionOptions], Session]
    tool: str
    tool_ms: Callable[[Side], float]
    note: str


def engine_for(path: Path, name: str | None) -> str:
    """Return the engine that was named, or that of the file's format; OpenVINO reads ONNX too."""
    return name or {".tflite": "litert"}.get(path.suffix, "openvino")


def runs_in(seconds: float, engine: str, path: Path, options: SessionOptions) -> int:
    """Return how many runs fill about as many seconds, at least 20."""
    with ENGINES[engine].open(path, options) as session:
        return max(20, round(seconds * 1e3 / measure_network(session, WARMUP, WARMUP).p50))


def session_ms(engine: str, side: Side) -> float:
    """Return the median time of a run of our session.

    Raises `EdgeposeError` when the engine took other threads or another precision than it was asked for.
    """
    options = SessionOptions(side.threads, "CPU", side.precision)
    with ENGINES[engine].open(side.path, options) as session:
        if (session.info.threads, session.info.precision) != (side.threads, side.precision):
            raise EdgeposeError(f"asked for {side.threads} threads in {side.precision}, the engine has {session.info}")
        return measure_network(session, side.runs, WARMUP).p50


def _open_openvino(path: Path, options: SessionOptions) -> Session:
    from edgepose.runtime.backends.openvino import OpenVinoSession  # noqa: PLC0415  one engine at a time

    return OpenVinoSession(path, options)


def _open_litert(path: Path, options: SessionOptions) -> Session:
    from edgepose.runtime.backends.tflite import TfliteSession  # noqa: PLC0415

    return TfliteSession(path, options)


def _open_onnxruntime(path: Path, options: SessionOptions) -> Session:
    from edgepose.runtime.backends.onnxruntime import OnnxRuntimeSession  # noqa: PLC0415

    return OnnxRuntimeSession(path, options)


def _benchmark_app_ms(side: Side) -> float:
    with _open_openvino(side.path, SessionOptions()) as session:
        shape = ",".join(
            f"{spec.name}[{','.join(str(max(size, 1)) for size in spec.shape)}]" for spec in session.inputs
        )
    settings = f"-d CPU -api sync -hint none -nstreams 1 -nthreads {side.threads} -infer_precision {side.precision}"
    command = ["-m", str(side.path), *settings.split(), "-shape", shape, "-niter", str(side.runs)]
    told = _told("benchmark_app", "openvino", command)
    found = re.search(r"Median:\s+([\d.]+) (us|ms)", told)
    if not found:
        raise EdgeposeError(f"benchmark_app tells no median: {told.strip().splitlines()[-1]}")
    return float(found[1]) / (1e3 if found[2] == "us" else 1)


def _litert_benchmark_ms(side: Side) -> float:
    with tempfile.TemporaryDirectory() as folder:
        result = Path(folder) / "result.json"
        counts = f"--num_threads {side.threads} --num_runs {side.runs} --warmup_runs {WARMUP}"
        _told("litert-benchmark", "tflite", ["--model", str(side.path), *counts.split(), "--result_json", str(result)])
        return float(json.loads(result.read_text(encoding="utf-8"))["latency"]["median_ms"])


def _told(program: str, extra: str, arguments: list[str]) -> str:
    """Return what an engine's tool printed."""
    beside = Path(sys.executable).with_name(program)
    found = str(beside) if beside.exists() else shutil.which(program)
    if found is None:
        raise EdgeposeError(f'{program} is not installed; run: pip install "edgepose[{extra}]"')
    done = subprocess.run([found, *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        raise EdgeposeError(f"{program} failed: {(done.stdout + done.stderr).strip().splitlines()[-1]}")
    return done.stdout


def _bare_onnxruntime_ms(side: Side) -> float:
    import onnxruntime  # noqa: PLC0415

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = side.threads
    options.log_severity_level = 3
    with _open_onnxruntime(side.path, SessionOptions(side.threads)) as session:
        feeds = random_feeds(session)
    bare = onnxruntime.InferenceSession(str(side.path), options, providers=["CPUExecutionProvider"])
    binding = bare.io_binding()
    for name, array in feeds.items():
        binding.bind_cpu_input(name, array)
    for output in bare.get_outputs():
        binding.bind_output(output.name)
    times_ns = []
    for _ in range(WARMUP + side.runs):
        start_ns = time.perf_counter_ns()
        bare.run_with_iobinding(binding)
        times_ns.append(time.perf_counter_ns() - start_ns)
    return median(times_ns[WARMUP:]) / 1e6


ENGINES = {
    "openvino": Engine(
        _open_openvino,
        "benchmark_app",
        _benchmark_app_ms,
        "a process of its own, one infer request, a fixed batch of one: a price of our session's free batch would show",
    ),
    "litert": Engine(
        _open_litert,
        "litert-benchmark",
        _litert_benchmark_ms,
        "a process of its own; it copies nothing in or out between runs, our session does both",
    ),
    "onnxruntime": Engine(
        _open_onnxruntime,
        "bare_onnxruntime",
        _bare_onnxruntime_ms,
        "onnxruntime_perf_test is not in the wheel: InferenceSession.run_with_iobinding in a loop, in this process, "
        "inputs bound once",
    ),
}
