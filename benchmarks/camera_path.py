"""The whole camera path on a clip, and what everything around the network costs, beside MediaPipe Pose.

Around the network are crop, decode and smooth, of one person in one frame. Target: at most 1.0 ms of that at a
model input of 256x192. MediaPipe runs on the same frames in the same run, in turns, where the interpreter of an
environment that has it is given, and is left out with the reason where not.
"""

import argparse
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from itertools import islice
from pathlib import Path
from typing import Any

import _mediapipe
import numpy as np
from _report import default_model, describe_model, summary, write_result

from edgepose.profiles import DeviceProfile, load_profile
from edgepose.profiles.errors import EdgeposeError
from edgepose.runtime.arrays import FloatArray, ImageArray
from edgepose.runtime.backends import open_model
from edgepose.runtime.clock import work_ns
from edgepose.runtime.estimators import SinglePersonEstimator
from edgepose.runtime.people.smoothing import PoseSmoother
from edgepose.runtime.pipeline import Pipeline
from edgepose.runtime.profiling.distribution import Distribution
from edgepose.runtime.profiling.load import LoadMeter, load_now
from edgepose.runtime.sinks import DiscardSink
from edgepose.runtime.sources import FrameSource, open_source
from edgepose.runtime.sources.stream import without_password

TARGET_MS = 1.0
AROUND = ("crop", "decode", "smooth")
WARMUP = 10


class MemorySource(FrameSource):
    """Frames that are already in memory, so that decoding the clip disturbs nobody."""

    def __init__(self, images_bgr: Sequence[ImageArray], fps: float) -> None:
        self.name, self.fps, self._images_bgr = "memory", fps, images_bgr
        self.size_wh = (images_bgr[0].shape[1], images_bgr[0].shape[0])

    def images(self) -> Iterator[ImageArray]:
        """Yield the pictures."""
        return iter(self._images_bgr)


def ours(
    model: str,
    profile: DeviceProfile,
    images_bgr: Sequence[ImageArray],
    fps: float,
    box_xyxy: FloatArray | None,
) -> dict[str, Any]:
    """Run the pipeline once and summarise its frames, the warm-up left out."""
    stages, ages_ns, people = [], [], []
    with open_model(model, profile) as session:
        info, input_wh = session.info, session.card.input_wh
        estimator = SinglePersonEstimator(session, box_xyxy)
        pipeline = Pipeline(MemorySource(images_bgr, fps), estimator, [DiscardSink()], smoother=PoseSmoother())
        for result in pipeline.run():
            stages.append(result.stage_ns)
            ages_ns.append(result.age_ns)
            people.append(len(result.poses))
    around_ns = [sum(found.get(stage, 0) for stage in AROUND) for found in stages]
    # while nobody is there several windows are searched: those frames are no person's
    with_person = [ns for ns, n in zip(around_ns, people, strict=True) if n][WARMUP:]
    tracked_ns = [age for age, n in zip(ages_ns, people, strict=True) if n][WARMUP:]
    return {
        "engine": asdict(info),
        "input_wh": list(input_wh),
        "found_in": sum(map(bool, people)),
        "around_network_ms": Distribution.of_ns(with_person).to_dict(),
        "pipeline_ms": Distribution.of_ns([work_ns(found) for found in stages[WARMUP:]]).to_dict(),
        "frame_to_poses_ms": Distribution.of_ns(ages_ns[WARMUP:]).to_dict(),
        "frame_to_poses_tracking_ms": Distribution.of_ns(tracked_ns).to_dict(),
    }


def mediapipe(python: Path, images_bgr: Sequence[ImageArray]) -> dict[str, Any]:
    spent_ms, found = _mediapipe.times_ms(images_bgr, python)
    times = Distribution.of_ns([round(ms * 1e6) for ms in spent_ms[WARMUP:]])
    return {"found_in": found, "frame_to_poses_ms": times.to_dict()}


def run(model: str, given: argparse.Namespace) -> dict[str, Any]:
    with open_source(given.clip) as source:
        fps = source.fps or 30.0
        images_bgr = [frame.image_bgr for frame in islice(source, given.frames)]
    if len(images_bgr) < 3 * WARMUP:
        raise EdgeposeError(
            f"{without_password(given.clip)} has {len(images_bgr)} frames; at least {3 * WARMUP} are needed"
        )
    profile, absent = load_profile(given.device), _mediapipe.why_not(given.mediapipe_python)
    before, during = load_now(), LoadMeter()
    rounds: dict[str, list[dict[str, Any]]] = {"edgepose": [], "mediapipe": []}
    for turn in range(given.rounds):
        rounds["edgepose"].append(ours(model, profile, images_bgr, fps, given.box))
        if absent is None:
            rounds["mediapipe"].append(mediapipe(given.mediapipe_python, images_bgr))
        print(
            f"round {turn + 1}: "
            + ", ".join(f"{who} {_p50(found[-1]):.2f} ms" for who, found in rounds.items() if found)
        )
    around = summary([found["around_network_ms"]["p50"] for found in rounds["edgepose"]])
    nobody = any(found["around_network_ms"]["n"] == 0 for found in rounds["edgepose"])
    return {
        "model": describe_model(model),
        "profile": profile.name,
        "clip": Path(without_password(given.clip)).name,
        "frames": len(images_bgr),
        "box_xyxy": None if given.box is None else given.box.tolist(),
        "frame_wh": [images_bgr[0].shape[1], images_bgr[0].shape[0]],
        "load_before": asdict(before),
        "load_during": asdict(during.read()),
        "rounds": rounds,
        "around_network_p50_ms": None if nobody else around,
        "target_ms": TARGET_MS,
        "met": None if nobody else around["median"] <= TARGET_MS,
        "frame_to_poses_p50_ms": {who: summary(list(map(_p50, found))) for who, found in rounds.items() if found},
        "mediapipe_left_out": absent,
    }


def _p50(found: dict[str, Any]) -> float:
    return float(found["frame_to_poses_ms"]["p50"])


def _box(text: str) -> FloatArray:
    x0, y0, x1, y1 = map(float, text.split(","))
    return np.array([x0, y0, x1, y1], np.float32)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", nargs="?", help="a model file, or a shipped name; default: what ships first")
    parser.add_argument("--clip", default="synthetic:0:150", help="a video, or any source of `edgepose run`")
    parser.add_argument("--frames", type=int, default=300, help="at most; they are held in memory")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--box", type=_box, help="X0,Y0,X1,Y1: look there in every frame instead of searching")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--mediapipe-python", type=Path, help="an interpreter that has mediapipe 0.10.21")
    parser.add_argument("--out", type=Path, help="default: benchmarks/results/camera_path.json")
    given = parser.parse_args()
    try:
        result = run(given.model or default_model(), given)
        write_result("camera_path", result, given.out)
    except EdgeposeError as error:
        sys.exit(f"error: {error}")
    print(f"around the network {result['around_network_p50_ms']}, target {TARGET_MS} ms")
    print(f"frame to poses {result['frame_to_poses_p50_ms']}; MediaPipe left out: {result['mediapipe_left_out']}")


if __name__ == "__main__":
    main()
