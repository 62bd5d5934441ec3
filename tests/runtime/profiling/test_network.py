from pathlib import Path

import numpy as np
import pytest

from edgepose.runtime.backends import open_model
from edgepose.runtime.profiling.environment import describe_environment
from edgepose.runtime.profiling.network import measure_network, random_feeds
from support.tiny_model import save_tiny_onnx, save_tiny_openvino


@pytest.mark.parametrize("save", [save_tiny_onnx, save_tiny_openvino])
def test_a_network_alone_is_timed_after_its_warm_up(save, tmp_path: Path) -> None:
    with open_model(save(tmp_path)) as session:
        times = measure_network(session, runs=7, warmup=2)
    assert times.n == 7
    assert 0 < times.p50 <= times.p90 <= times.p95 <= times.p99 <= times.max


def test_feeds_fit_the_session_and_are_the_same_every_time(tmp_path: Path) -> None:
    with open_model(save_tiny_onnx(tmp_path)) as session:
        feeds, again = random_feeds(session), random_feeds(session)
        session.run(feeds)
    assert feeds["image"].shape == (1, 64, 48, 3)
    np.testing.assert_array_equal(feeds["image"], again["image"])


def test_the_environment_tells_the_engine_and_every_file(tmp_path: Path) -> None:
    path = save_tiny_openvino(tmp_path)
    with open_model(path) as session:
        environment = describe_environment(session, path, "auto")
    assert environment.engine == "openvino"
    assert environment.threads >= 1
    assert set(environment.sha256) == {"tiny.xml", "tiny.bin"}
    assert all(len(digest) == 64 for digest in environment.sha256.values())
