"""Ways of doing the same that take turns, so that whatever else the machine does falls on all alike."""

import argparse
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from _report import summary

from edgepose.profiles.probe import probe_this_machine
from edgepose.runtime.profiling.load import LoadMeter, load_now


def turn_arguments(description: str | None, default_out: str) -> argparse.ArgumentParser:
    """Return a parser with the options that every such benchmark has."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--threads", type=int, default=probe_this_machine().physical_cores)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=4.0, help="of each side in each round, about")
    parser.add_argument("--out", type=Path, help=f"default: benchmarks/results/{default_out}.json")
    return parser


def take_turns(ways_ms: Mapping[str, Callable[[], float]], rounds: int) -> dict[str, Any]:
    """Return the times that each way gives in each round, by its name, and the load meanwhile.

    Who goes first changes with the round. Programs that a way starts count among the others in the load.
    """
    before, during = load_now(), LoadMeter()
    times_ms: dict[str, list[float]] = {name: [] for name in ways_ms}
    for turn in range(rounds):
        for name in list(ways_ms)[:: 1 if turn % 2 == 0 else -1]:
            times_ms[name].append(ways_ms[name]())
        print(f"round {turn + 1}: " + ", ".join(f"{name} {times_ms[name][-1]:.3f} ms" for name in ways_ms), flush=True)
    return {
        "load_before": asdict(before),
        "load_during": asdict(during.read()),
        "rounds_ms": times_ms,
        **{f"{name}_ms": summary(spent) for name, spent in times_ms.items()},
    }


def ratio(result: Mapping[str, Any], slow: str, fast: str) -> dict[str, float]:
    """Return how many times faster one way was than another: of the rounds, of the medians, of the quietest rounds."""
    slow_ms, fast_ms = result["rounds_ms"][slow], result["rounds_ms"][fast]
    ratios = [a / b for a, b in zip(slow_ms, fast_ms, strict=True)]
    of_medians = result[f"{slow}_ms"]["median"] / result[f"{fast}_ms"]["median"]
    return {
        **summary(ratios),
        "of_medians": round(of_medians, 4),
        "of_minima": round(min(slow_ms) / min(fast_ms), 4),
    }
