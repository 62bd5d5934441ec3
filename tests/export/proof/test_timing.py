"""Files are timed in turn; one that cannot run here says why, and the others are timed all the same."""

from dataclasses import replace
from pathlib import Path

import pytest

from edgepose.export.proof.timing import NotRun, Timing, time_files
from edgepose.profiles import load_profile
from support.engines import leave_onnxruntime_the_cpu
from support.tiny_model import save_tiny_onnx


def test_every_file_has_all_its_runs_and_the_engine_by_its_own_word(tmp_path: Path) -> None:
    path = save_tiny_onnx(tmp_path)
    steps: list[str] = []
    first, second = time_files([path, path], replace(load_profile("auto"), threads=1), 9, steps.append)
    assert isinstance(first, Timing)
    assert isinstance(second, Timing)
    assert first.network_ms.n == second.network_ms.n == 9
    assert 0 < first.network_ms.p50 <= first.network_ms.p99
    assert (first.engine.engine, first.engine.threads) == ("onnxruntime", 1)
    assert steps == [f"time the files, round {turn} of 3" for turn in (1, 2, 3)]


def test_a_file_that_cannot_run_here_is_no_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    leave_onnxruntime_the_cpu(monkeypatch)
    path = save_tiny_onnx(tmp_path)
    elsewhere = replace(load_profile("auto"), providers=("coreml",))
    (outcome,) = time_files([path], elsewhere, 3, lambda _: None)
    assert isinstance(outcome, NotRun)
    assert outcome.why == "needs ONNX Runtime with coreml"
    assert str(tmp_path) not in outcome.detail


def test_a_file_that_is_broken_says_so_and_the_others_are_timed(tmp_path: Path) -> None:
    path, broken = save_tiny_onnx(tmp_path), tmp_path / "broken.onnx"
    broken.write_bytes(b"\x89PNG\r\n\x1a\n" * 100)
    first, second = time_files([broken, path], replace(load_profile("auto"), threads=1), 3, lambda _: None)
    assert isinstance(first, NotRun)
    assert first.why == "see below"
    assert first.detail.startswith("broken.onnx is not an ONNX model that can run: ")
    assert str(tmp_path) not in first.detail
    assert isinstance(second, Timing)
    assert second.network_ms.n == 3
