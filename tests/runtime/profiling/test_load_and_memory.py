import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from edgepose.profiles.errors import EdgeposeError
from edgepose.runtime.profiling.load import LoadMeter, load_now
from edgepose.runtime.profiling.memory import peak_rss_mb, size_mb


def test_own_work_is_not_others_load() -> None:
    meter = LoadMeter()
    until = time.perf_counter() + 0.3
    while time.perf_counter() < until:
        pass
    own_work = meter.read().others_percent
    assert 0 <= own_work <= 100


def test_another_process_counts_as_load() -> None:
    with subprocess.Popen([sys.executable, "-c", "while True: pass"]) as busy:
        try:
            time.sleep(0.3)
            assert load_now(0.5).others_percent > 5
        finally:
            busy.kill()


def test_the_peak_stays_when_the_memory_is_given_back() -> None:
    block = np.ones(200_000_000, np.uint8)
    assert peak_rss_mb() > 200
    del block
    assert peak_rss_mb() > 200


def test_size_counts_the_weights_beside_an_xml(tmp_path: Path) -> None:
    (tmp_path / "m.xml").write_bytes(b"x" * 1000)
    (tmp_path / "m.bin").write_bytes(b"x" * 9000)
    assert size_mb(tmp_path / "m.xml") == pytest.approx(0.01)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "m.xml").write_bytes(b"x")
    with pytest.raises(EdgeposeError, match=r"m\.bin is absent"):
        size_mb(tmp_path / "m.xml")
