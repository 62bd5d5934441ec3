"""How much faster an int8 model is than the f32 one, on one engine, network alone. Target: 2.5 times.

Without files they are made here: for OpenVINO the f32 model is quantised by NNCF with noise as calibration data, for
LiteRT both are exported with rendered people. That is good enough for the speed, which does not depend on the data,
and for nothing else.
"""

import argparse
import sys
import tempfile
from pathlib import Path
from typing import Any

from _engines import ENGINES, Side, runs_in, session_ms
from _models import export_tflite, quantise_on_noise
from _report import default_model, describe_model, write_result
from _turns import ratio, take_turns, turn_arguments

from edgepose.profiles.errors import EdgeposeError
from edgepose.runtime.backends.base import SessionOptions
from edgepose.runtime.model_files.shipped import resolve_model

TARGET = 2.5


def run(engine: str, f32: Path, int8: Path, given: argparse.Namespace) -> dict[str, Any]:
    # between quantised layers f32 as well, so that quantisation is all that differs
    options = SessionOptions(given.threads, "CPU", "f32")
    sides = {
        name: Side(path, given.threads, "f32", runs_in(given.seconds, engine, path, options))
        for name, path in (("f32", f32), ("int8", int8))
    }
    ways = {name: lambda side=side: session_ms(engine, side) for name, side in sides.items()}
    result = take_turns(ways, given.rounds)
    speedup = ratio(result, slow="f32", fast="int8")
    return {
        "engine": engine,
        "threads": given.threads,
        **result,
        "speedup": speedup,
        "target": TARGET,
        "met": speedup["median"] >= TARGET,
    }


def models(engine: str, given: argparse.Namespace, folder: Path) -> tuple[Path, Path, str]:
    """Return the two files and what the int8 one was calibrated on."""
    f32 = given.f32 or default_model()
    if given.int8:
        return resolve_model(f32), resolve_model(given.int8), "its exporter's data"
    if engine == "litert":
        made = export_tflite(f32, ("fp32", "int8"), folder)
        return made["fp32"], made["int8"], "rendered people"
    if engine != "openvino":
        raise EdgeposeError(f"nothing here makes an int8 file for {engine}; give one: int8_speedup.py F32 INT8")
    return resolve_model(f32), quantise_on_noise(resolve_model(f32), folder), "noise"


def main() -> None:
    parser = turn_arguments(__doc__, "int8_speedup or, for another engine than OpenVINO, int8_speedup_ENGINE")
    parser.add_argument("f32", nargs="?", help="the f32 model, or a shipped name; default: what ships first")
    parser.add_argument("int8", nargs="?", help="the int8 model; default: made here")
    parser.add_argument("--engine", default="openvino", choices=list(ENGINES))
    given = parser.parse_args()
    try:
        with tempfile.TemporaryDirectory() as folder:
            f32, int8, data = models(given.engine, given, Path(folder))
            described = {"f32_model": describe_model(str(f32)), "int8_model": describe_model(str(int8))}
            described["int8_model"]["calibrated_on"] = data
            result = {**described, **run(given.engine, f32, int8, given)}
        name = "int8_speedup" if given.engine == "openvino" else f"int8_speedup_{given.engine}"
        write_result(name, result, given.out)
    except EdgeposeError as error:
        sys.exit(f"error: {error}")
    print(f"f32 / int8: {result['speedup']}, target {TARGET}")


if __name__ == "__main__":
    main()
