"""What compiled code writes is dropped, and nothing else."""

import os
import threading

import pytest

from edgepose.runtime.plumbing.native_messages import native_messages_dropped


def _shout(text: str) -> None:
    os.write(2, text.encode())


def test_only_what_is_written_inside_is_dropped(capfd: pytest.CaptureFixture[str]) -> None:
    _shout("before ")
    with native_messages_dropped():
        _shout("inside ")
        with native_messages_dropped():
            _shout("deeper ")
        _shout("inside again ")
    _shout("after")
    assert capfd.readouterr().err == "before after"


def test_an_error_passes_and_the_stream_is_back(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ValueError, match="inside"), native_messages_dropped():
        raise ValueError("inside")
    _shout("after")
    assert capfd.readouterr().err == "after"


def test_threads_do_not_take_each_others_silence(capfd: pytest.CaptureFixture[str]) -> None:
    def work() -> None:
        for _ in range(50):
            with native_messages_dropped():
                _shout("inside")

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    _shout("after")
    assert capfd.readouterr().err == "after"
