"""How much faster an int8 model is than the f32 one, in OpenVINO, network alone. Target: 2.5 times.

Without an int8 file the f32 model is quantised here, by NNCF with noise as calibration data: good enough for its
speed, which does not depend on the data, and for nothing else.
"""

import argparse
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Any

from _report import default_model, describe_model, summary, write_result

from edgepose.profiles.errors import EdgeposeError
from edgepose.profiles.probe import probe_this_machine
from edgepose.runtime.backends.base import SessionOptions
from edgepose.runtime.backends.openvino import OpenVinoSession
from edgepose.runtime.profiling.load import LoadMeter, load_now
from edgepose.runtime.profiling.network import measure_network, random_feeds
from edgepose.runtime.shipped import resolve_model

TARGET = 2.5
WARMUP = 30


def quantise_on_noise(path: Path, folder: Path) -> Path:
    """Write an int8 copy of a model into `folder`, its speed being all that it is good for."""
    import nncf  # noqa: PLC0415  only where no int8 file was given
    import openvino  # noqa: PLC0415

    with OpenVinoSession(path) as session:
        feeds = [random_feeds(session, seed) for seed in range(16)]
    quantised = nncf.quantize(openvino.Core().read_model(path), nncf.Dataset(feeds), subset_size=len(feeds))
    openvino.save_model(quantised, folder / "int8.xml")
    return folder / "int8.xml"


def median_ms(path: Path, options: SessionOptions, seconds: float) -> float:
    with OpenVinoSession(path, options) as session:
        guess = measure_network(session, WARMUP, WARMUP)
        return measure_network(session, max(20, round(seconds * 1e3 / guess.p50)), 0).p50


def run(f32: Path, int8: Path, threads: int, rounds: int, seconds: float) -> dict[str, Any]:
    # between quantised layers f32 as well, so that quantisation is all that differs
    options = SessionOptions(threads, "CPU", "f32")
    before, during = load_now(), LoadMeter()
    times_ms: dict[str, list[float]] = {"f32": [], "int8": []}
    for turn in range(rounds):
        for name, path in (("f32", f32), ("int8", int8))[:: 1 if turn % 2 == 0 else -1]:
            times_ms[name].append(median_ms(path, options, seconds))
        print(f"round {turn + 1}: f32 {times_ms['f32'][-1]:.3f} ms, int8 {times_ms['int8'][-1]:.3f} ms")
    ratios = [slow / fast for slow, fast in zip(times_ms["f32"], times_ms["int8"], strict=True)]
    return {
        "threads": threads,
        "load_before": asdict(before),
        "load_during": asdict(during.read()),
        "rounds_ms": times_ms,
        "f32_ms": summary(times_ms["f32"]),
        "int8_ms": summary(times_ms["int8"]),
        "speedup": {**summary(ratios), "of_minima": round(min(times_ms["f32"]) / min(times_ms["int8"]), 4)},
        "target": TARGET,
        "met": summary(ratios)["median"] >= TARGET,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("f32", nargs="?", help="the f32 model, or a shipped name; default: what ships first")
    parser.add_argument("int8", nargs="?", help="the int8 model; default: quantised here on noise")
    parser.add_argument("--threads", type=int, default=probe_this_machine().cores)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=4.0, help="of each side in each round")
    parser.add_argument("--out", type=Path, help="default: benchmarks/results/int8_speedup.json")
    given = parser.parse_args()
    try:
        with tempfile.TemporaryDirectory() as folder:
            model = given.f32 or default_model()
            f32 = resolve_model(model)
            int8 = resolve_model(given.int8) if given.int8 else quantise_on_noise(f32, Path(folder))
            models = {"f32_model": describe_model(model), "int8_model": describe_model(str(int8))}
            models["int8_model"]["calibrated_on"] = "its exporter's data" if given.int8 else "noise"
            result = {**models, **run(f32, int8, given.threads, given.rounds, given.seconds)}
        write_result("int8_speedup", result, given.out)
    except EdgeposeError as error:
        sys.exit(f"error: {error}")
    print(f"f32 / int8: {result['speedup']}, target {TARGET}")


if __name__ == "__main__":
    main()
