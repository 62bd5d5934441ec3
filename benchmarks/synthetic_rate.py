"""How many pictures of people the synthetic generator renders a second, on one core.

Target: at least 60 pictures of 256x256 a second. Beside the wall clock stands the processor time of this process
alone, which says what the rate would be on an idle machine.
"""

import time
from collections.abc import Callable
from dataclasses import asdict
from itertools import islice
from typing import Any

import cv2
from _report import measure_rate, summary

from edgepose.runtime.profiling.load import LoadMeter, load_now
from edgepose.runtime.synthetic import render_clip, render_people

TARGET_IMAGES_PER_S = 60.0
WARMUP = 5


def rates(render: Callable[[int], object], images: int, rounds: int) -> dict[str, dict[str, float]]:
    """Return images a second by the wall clock and by processor time, over the rounds."""
    for seed in range(WARMUP):
        render(seed)
    wall, cpu = [], []
    for turn in range(rounds):
        start_s, start_cpu_s = time.perf_counter(), time.process_time()
        for seed in range(turn * images, (turn + 1) * images):
            render(seed)
        wall.append(images / (time.perf_counter() - start_s))
        cpu.append(images / (time.process_time() - start_cpu_s))
    return {"images_per_s": summary(wall), "images_per_cpu_s": summary(cpu)}


def run(images: int, rounds: int) -> dict[str, Any]:
    cv2.setNumThreads(1)
    before, during = load_now(), LoadMeter()
    people = rates(lambda seed: render_people(seed, (256, 256)), images, rounds)
    one = rates(lambda seed: render_people(seed, (256, 256), 1), images, rounds)
    clip = render_clip(0, WARMUP + images * rounds, (640, 480))
    moving = rates(lambda _: next(islice(clip, 1)), images, rounds)
    return {
        "threads": 1,
        "images": images,
        "rounds": rounds,
        "load_before": asdict(before),
        "load_during": asdict(during.read()),
        "people_256x256": people,
        "one_person_256x256": one,
        "clip_640x480": moving,
        "target_images_per_s": TARGET_IMAGES_PER_S,
        "met": people["images_per_s"]["median"] >= TARGET_IMAGES_PER_S,
    }


def lines(result: dict[str, Any]) -> list[str]:
    return [
        f"{name}: {result[name]['images_per_s']} a second, {result[name]['images_per_cpu_s']} a cpu second"
        for name in ("people_256x256", "one_person_256x256", "clip_640x480")
    ]


if __name__ == "__main__":
    measure_rate(__doc__, "synthetic_rate", run, lines, rounds=5)
