"""How many pictures a second grouping takes on one core: maps of 128x128 with so many rendered people each.

Target: at least 1,000 a second with up to 10 people (each picture has 1 to 10), and a cost close to linear up to 50.
The time is this process's CPU time, so that whoever else is busy matters less; grouping has no threads.
"""

import time
from dataclasses import asdict
from typing import Any

import cv2
import numpy as np
from _report import measure_rate, summary

from edgepose.runtime.arrays import Array, FloatArray
from edgepose.runtime.codecs.body_part import BodyPartCodec
from edgepose.runtime.grouping import group_people
from edgepose.runtime.profiling.load import LoadMeter, load_now
from edgepose.runtime.synthetic import render_people

SIZE_PX, MAP_CELLS = 512, 128
CROWDS = (1, 2, 5, 10, 20, 50)
UP_TO = 10
TARGET_IMAGES_PER_S = 1000.0


def people(codec: BodyPartCodec, count: int) -> Array:
    """Return keypoints (N, 18, 2) of rendered people, 1 high, about the origin."""
    rendered = (render_people(seed, (256, 256), 1).people[0] for seed in range(count))
    all_keypoints = np.stack([person.keypoints_for(codec.parts.skeleton) for person in rendered])
    low, high = all_keypoints.min(axis=1, keepdims=True), all_keypoints.max(axis=1, keepdims=True)
    return (all_keypoints - (low + high) / 2) / (high - low).max(axis=2, keepdims=True)


def pictures(codec: BodyPartCodec, known: Array, counts: list[int]) -> list[FloatArray]:
    """Return maps of crowds at random places, the smaller the more people there are."""
    rng = np.random.default_rng(0)
    maps = []
    for count in counts:
        heights = rng.uniform(0.2, 0.6, (count, 1, 1)) * min(1.0, (UP_TO / count) ** 0.5) * SIZE_PX
        crowd = known[rng.integers(0, len(known), count)] * heights + rng.uniform(0.1, 0.9, (count, 1, 2)) * SIZE_PX
        maps.append(codec.encode(crowd))
    return maps


def milliseconds(maps: list[FloatArray], codec: BodyPartCodec, rounds: int) -> list[float]:
    """Return the mean CPU time of a picture in each round."""
    means = []
    for _ in range(rounds):
        begin_s = time.process_time()
        for picture in maps:
            group_people(picture, codec.parts, codec.rule)
        means.append(1e3 * (time.process_time() - begin_s) / len(maps))
    return means


def run(images: int, rounds: int) -> dict[str, Any]:
    cv2.setNumThreads(1)
    codec = BodyPartCodec((SIZE_PX, SIZE_PX), (MAP_CELLS, MAP_CELLS))
    known = people(codec, 40)
    before, during = load_now(), LoadMeter()
    mixed = pictures(codec, known, [1 + i % UP_TO for i in range(images)])
    milliseconds(mixed, codec, 1)
    up_to = milliseconds(mixed, codec, rounds)
    by_people = {n: milliseconds(pictures(codec, known, [n] * (images // 2)), codec, rounds) for n in CROWDS}
    rates = [1e3 / ms for ms in up_to]
    return {
        "threads": 1,
        "images": images,
        "rounds": rounds,
        "load_before": asdict(before),
        "load_during": asdict(during.read()),
        "images_per_s_1_to_10_people": summary(rates),
        "ms_by_people": {str(n): summary(ms) for n, ms in by_people.items()},
        "target_images_per_s": TARGET_IMAGES_PER_S,
        "met": float(np.median(rates)) >= TARGET_IMAGES_PER_S,
    }


def lines(result: dict[str, Any]) -> list[str]:
    return [
        f"1 to {UP_TO} people: {result['images_per_s_1_to_10_people']} pictures a second",
        *(f"{count} people: {ms} ms" for count, ms in result["ms_by_people"].items()),
    ]


if __name__ == "__main__":
    measure_rate(__doc__, "grouping_rate", run, lines, rounds=9)
