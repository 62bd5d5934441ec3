"""The rate of a network alone by `edgepose profile` over that by the engine's own tool.

Same file, threads, precision and number of runs; the two take turns. The tools are OpenVINO's benchmark_app, LiteRT's
litert-benchmark and, as ONNX Runtime's own is not in its wheel, a loop around its bare session. Target: a ratio of at
least 0.95.
"""

import argparse
import sys
from pathlib import Path
from typing import Any

from _engines import ENGINES, Side, engine_for, runs_in, session_ms
from _models import model_or_tflite
from _report import default_model, describe_model, write_result
from _turns import ratio, take_turns, turn_arguments

from edgepose.profiles.errors import EdgeposeError
from edgepose.runtime.backends.base import SessionOptions

TARGET = 0.95


def run(path: Path, engine: str, given: argparse.Namespace) -> dict[str, Any]:
    options = SessionOptions(given.threads, "CPU", given.precision)
    side = Side(path, given.threads, given.precision, runs_in(given.seconds, engine, path, options))
    tool = ENGINES[engine].tool
    ways = {"edgepose": lambda: session_ms(engine, side), tool: lambda: ENGINES[engine].tool_ms(side)}
    result = take_turns(ways, given.rounds)
    rate = ratio(result, slow=tool, fast="edgepose")
    return {
        "model": describe_model(str(path)),
        "engine": engine,
        "tool": tool,
        "tool_note": ENGINES[engine].note,
        "threads": side.threads,
        "precision": side.precision,
        "runs": side.runs,
        **result,
        "rate_ratio": rate,
        "target": TARGET,
        "met": rate["median"] >= TARGET,
    }


def main() -> None:
    parser = turn_arguments(__doc__, "network_rate or, for another engine than OpenVINO, network_rate_ENGINE")
    parser.add_argument("model", nargs="?", help="a model file, or a shipped name; default: what ships first")
    parser.add_argument("--engine", choices=list(ENGINES), help="default: litert for .tflite, else openvino")
    parser.add_argument("--precision", default="f32", choices=["f32", "bf16", "f16"])
    given = parser.parse_args()
    try:
        with model_or_tflite(given.model or default_model(), tflite=given.engine == "litert") as path:
            engine = engine_for(path, given.engine)
            result = run(path, engine, given)
        name = "network_rate" if engine == "openvino" else f"network_rate_{engine}"
        write_result(name, result, given.out)
    except EdgeposeError as error:
        sys.exit(f"error: {error}")
    print(f"edgepose / {result['tool']}: {result['rate_ratio']}, target {TARGET}")


if __name__ == "__main__":
    main()
