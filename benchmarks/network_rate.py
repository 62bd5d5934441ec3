"""The rate of a network alone by `edgepose profile` over that by OpenVINO's own benchmark_app.

Same file, threads and precision, one infer request; the two take turns. benchmark_app gets a fixed batch of one,
so a price of our session's free batch would show. Target: a ratio of at least 0.95.
"""

import argparse
import re
import shutil
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

from _report import default_model, describe_model, summary, write_result

from edgepose.profiles.errors import EdgeposeError
from edgepose.profiles.probe import probe_this_machine
from edgepose.runtime.backends.base import SessionOptions
from edgepose.runtime.backends.openvino import OpenVinoSession
from edgepose.runtime.profiling.load import LoadMeter, load_now
from edgepose.runtime.profiling.network import measure_network
from edgepose.runtime.shipped import resolve_model

TARGET = 0.95
WARMUP = 30


def ours_ms(path: Path, threads: int, precision: str, seconds: float) -> float:
    """Return the median time of a run, over about `seconds` of runs."""
    with OpenVinoSession(path, SessionOptions(threads, "CPU", precision)) as session:
        if (session.info.threads, session.info.precision) != (threads, precision):
            raise EdgeposeError(f"asked for {threads} threads in {precision}, the engine has {session.info}")
        guess = measure_network(session, WARMUP, WARMUP)
        return measure_network(session, max(20, round(seconds * 1e3 / guess.p50)), 0).p50


def benchmark_app_ms(path: Path, threads: int, precision: str, seconds: float) -> float:
    """Return the median latency that benchmark_app reports."""
    done = subprocess.run(_command(path, threads, precision, seconds), capture_output=True, text=True, check=False)
    found = re.search(r"Median:\s+([\d.]+) (us|ms)", done.stdout)
    if done.returncode or not found:
        raise EdgeposeError(f"benchmark_app failed: {(done.stdout + done.stderr).strip().splitlines()[-1]}")
    return float(found[1]) / (1e3 if found[2] == "us" else 1)


def _command(path: Path, threads: int, precision: str, seconds: float) -> list[str]:
    beside = Path(sys.executable).with_name("benchmark_app")
    program = str(beside) if beside.exists() else shutil.which("benchmark_app")
    if program is None:
        raise EdgeposeError('benchmark_app is not installed; run: pip install "edgepose[openvino]"')
    with OpenVinoSession(path) as session:
        shape = ",".join(
            f"{spec.name}[{','.join(str(max(size, 1)) for size in spec.shape)}]" for spec in session.inputs
        )
    settings = f"-d CPU -api sync -hint none -nstreams 1 -nthreads {threads} -infer_precision {precision}"
    return [program, "-m", str(path), *settings.split(), "-shape", shape, "-t", str(max(1, round(seconds)))]


def run(model: str, threads: int, precision: str, rounds: int, seconds: float) -> dict[str, Any]:
    path = resolve_model(model)
    before, during = load_now(), LoadMeter()
    ways = {"edgepose": ours_ms, "benchmark_app": benchmark_app_ms}
    times_ms: dict[str, list[float]] = {name: [] for name in ways}
    for turn in range(rounds):
        # who goes first changes with the round
        for name in list(ways) if turn % 2 == 0 else list(reversed(ways)):
            times_ms[name].append(ways[name](path, threads, precision, seconds))
        print(f"round {turn + 1}: " + ", ".join(f"{name} {times_ms[name][-1]:.3f} ms" for name in ways))
    ratios = [theirs / ours for ours, theirs in zip(times_ms["edgepose"], times_ms["benchmark_app"], strict=True)]
    # the quietest round of each is the least disturbed by whatever else the machine does
    of_minima = min(times_ms["benchmark_app"]) / min(times_ms["edgepose"])
    return {
        "model": describe_model(model),
        "threads": threads,
        "precision": precision,
        "load_before": asdict(before),
        # benchmark_app is a process of its own and counts among the others here
        "load_during": asdict(during.read()),
        "rounds_ms": times_ms,
        "edgepose_ms": summary(times_ms["edgepose"]),
        "benchmark_app_ms": summary(times_ms["benchmark_app"]),
        "rate_ratio": {**summary(ratios), "of_minima": round(of_minima, 4)},
        "target": TARGET,
        "met": summary(ratios)["median"] >= TARGET,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "model", nargs="?", help="a model file for OpenVINO, or a shipped name; default: what ships first"
    )
    parser.add_argument("--threads", type=int, default=probe_this_machine().cores)
    parser.add_argument("--precision", default="f32", choices=["f32", "bf16", "f16"])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=4.0, help="of each side in each round")
    parser.add_argument("--out", type=Path, help="default: benchmarks/results/network_rate.json")
    given = parser.parse_args()
    try:
        model = given.model or default_model()
        result = run(model, given.threads, given.precision, given.rounds, given.seconds)
        write_result("network_rate", result, given.out)
    except EdgeposeError as error:
        sys.exit(f"error: {error}")
    print(f"edgepose / benchmark_app: {result['rate_ratio']}, target {TARGET}")


if __name__ == "__main__":
    main()
