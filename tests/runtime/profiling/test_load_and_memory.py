import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest

from edgepose.profiles.errors import EdgeposeError
from edgepose.runtime.profiling import load
from edgepose.runtime.profiling.load import LoadMeter, load_now
from edgepose.runtime.profiling.memory import size_mb


def test_own_work_is_not_others_load(monkeypatch: pytest.MonkeyPatch) -> None:
    clock_s, busy_s, own_s = iter([100.0, 101.0]), iter([50.0, 52.0]), iter([7.0, 8.5])
    monkeypatch.setattr(load, "time", SimpleNamespace(perf_counter=lambda: next(clock_s)))
    monkeypatch.setattr(load, "_busy_s", lambda: next(busy_s))
    monkeypatch.setattr(LoadMeter, "_own", lambda _: next(own_s))
    monkeypatch.setattr(psutil, "cpu_count", lambda: 4)
    assert LoadMeter().read().others_percent == 12.5


def test_another_process_counts_as_load() -> None:
    with subprocess.Popen([sys.executable, "-c", "while True: pass"]) as busy:
        try:
            time.sleep(0.3)
            assert load_now(0.5).others_percent > 50 / (psutil.cpu_count() or 1)
        finally:
            busy.kill()


_PEAK = """
import numpy as np
import psutil
from edgepose.runtime.profiling.memory import peak_rss_mb

before_mb = peak_rss_mb()
block = np.ones(2 * 10**8, np.uint8)
del block
print(peak_rss_mb() - before_mb, peak_rss_mb() - psutil.Process().memory_info().rss / 1e6)
"""


def test_the_peak_stays_when_the_memory_is_given_back() -> None:
    # this process may have had a higher peak long before
    done = subprocess.run([sys.executable, "-c", _PEAK], capture_output=True, text=True, check=True)
    grown_mb, given_back_mb = map(float, done.stdout.split())
    assert grown_mb >= 150
    assert given_back_mb >= 150


def test_size_counts_the_weights_beside_an_xml(tmp_path: Path) -> None:
    (tmp_path / "m.xml").write_bytes(b"x" * 1000)
    (tmp_path / "m.bin").write_bytes(b"x" * 9000)
    assert size_mb(tmp_path / "m.xml") == pytest.approx(0.01)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "m.xml").write_bytes(b"x")
    with pytest.raises(EdgeposeError, match=r"m\.bin is absent"):
        size_mb(tmp_path / "m.xml")
