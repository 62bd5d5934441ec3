"""What every benchmark shares: which model, under which circumstances, and the JSON it leaves."""

import argparse
import json
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from statistics import median
from typing import Any

from edgepose.profiles.errors import EdgeposeError
from edgepose.profiles.probe import probe_this_machine
from edgepose.runtime.model_files.shipped import resolve_model, shipped_names
from edgepose.runtime.plumbing.files import sha256_of, write_text_whole
from edgepose.runtime.profiling.memory import model_files

FOLDER = Path(__file__).parent
RESULTS = FOLDER / "results"
_PACKAGES = ("ai-edge-litert", "edgepose", "mediapipe", "numpy", "onnxruntime", "opencv-python-headless", "openvino")


def default_model() -> str:
    """Return the name of the model that ships first.

    Raises `EdgeposeError` when none ships.
    """
    names = shipped_names()
    if not names:
        raise EdgeposeError("no model ships with this checkout; give the path of one")
    return names[0]


def describe_model(model: str) -> dict[str, Any]:
    """Return a model's files with their hashes; only names, no folders of this machine."""
    path = resolve_model(model)
    return {"name": path.name, "sha256": {file.name: sha256_of(file) for file in model_files(path)}}


def environment() -> dict[str, Any]:
    """Return machine, versions, commit and date of a benchmark."""
    machine = probe_this_machine()
    return {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "commit": _git("rev-parse", "HEAD"),
        "uncommitted_changes": bool(_git("status", "--porcelain", "--untracked-files=no")),
        "machine": asdict(machine),
        "packages": {name: _version(name) for name in _PACKAGES},
    }


def summary(values: Sequence[float]) -> dict[str, float]:
    """Return the median, least and largest of the rounds' values."""
    return {"median": round(median(values), 4), "min": round(min(values), 4), "max": round(max(values), 4)}


def write_result(name: str, document: Mapping[str, Any], path: Path | None = None) -> None:
    """Write a benchmark's result to `path`, results/NAME.json by default, and say where."""
    path = path or RESULTS / f"{name}.json"
    write_text_whole(path, json.dumps({"benchmark": name, **environment(), **document}, indent=1) + "\n")
    print(f"written: {path}")


def measure_rate(
    description: str | None,
    name: str,
    run: Callable[[int, int], dict[str, Any]],
    lines: Callable[[dict[str, Any]], Sequence[str]],
    rounds: int,
) -> None:
    """Be the command of a benchmark of `images` in each of `rounds`: run it, print its lines, write it on request."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--images", type=int, default=200, help="pictures in each round")
    parser.add_argument("--rounds", type=int, default=rounds)
    parser.add_argument("--write", action="store_true", help=f"write benchmarks/results/{name}.json")
    given = parser.parse_args()
    result = run(given.images, given.rounds)
    print("\n".join(lines(result)))
    print(
        f"load before {result['load_before']}, during {result['load_during']}; target {result['target_images_per_s']}"
    )
    if given.write:
        write_result(name, result)


def _git(*arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=FOLDER, capture_output=True, text=True, check=False)
    return done.stdout.strip()


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None
