import os
import signal
import subprocess
import sys
import threading

import pytest

from edgepose.runtime.plumbing.deferred_interrupt import interrupt_deferred


def _work(done: list[str], presses: int, error: OSError | None = None) -> None:
    with interrupt_deferred():
        for _ in range(presses):
            signal.raise_signal(signal.SIGINT)
        if error is not None:
            raise error
        done.append("all of it")


@pytest.mark.parametrize("presses", [1, 2])
def test_control_c_is_raised_after_the_work(presses: int) -> None:
    done: list[str] = []
    with pytest.raises(KeyboardInterrupt):
        _work(done, presses)
    assert done == ["all of it"]
    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGINT)


def test_a_termination_that_is_handled_like_control_c_waits_too() -> None:
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt), interrupt_deferred():
            signal.raise_signal(signal.SIGTERM)
        assert signal.getsignal(signal.SIGTERM) is signal.default_int_handler
    finally:
        signal.signal(signal.SIGTERM, before)


@pytest.mark.skipif(os.name != "posix", reason="signals")
def test_work_that_never_ends_can_be_ended() -> None:
    code = (
        "import signal; from edgepose.runtime.plumbing import deferred_interrupt\n"
        "deferred_interrupt._PATIENCE_S = -1\n"
        "with deferred_interrupt.interrupt_deferred():\n"
        "    signal.raise_signal(signal.SIGINT)\n"
        "    print('goes on')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (-signal.SIGINT, "")


def test_an_error_of_the_work_is_not_hidden_by_control_c() -> None:
    with pytest.raises(OSError, match="full"):
        _work([], 1, OSError("the disk is full"))
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_other_threads_get_no_signals_and_may_use_it() -> None:
    done = []

    def work() -> None:
        with interrupt_deferred():
            done.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert done == [signal.default_int_handler]
