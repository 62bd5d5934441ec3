import threading

import pytest

from edgepose.runtime.plumbing.background import BackgroundTask


def test_an_error_waits_for_whoever_asks() -> None:
    ended = threading.Event()

    def fail() -> None:
        raise OSError("the cable is out")

    task = BackgroundTask(fail, "worker", ended.set)
    assert ended.wait(5)
    task.join()
    assert task.ended
    for _ in range(2):
        with pytest.raises(OSError, match="cable"):
            task.check()


def test_work_that_goes_on_or_ends_well_raises_nothing() -> None:
    go = threading.Event()
    task = BackgroundTask(lambda: go.wait(5) and None, "worker", lambda: None)
    task.check()
    assert not task.ended
    go.set()
    task.join()
    task.check()
    assert task.ended
