"""Ctrl-C is a wish first, and an order when it comes again."""

import signal
import threading
import time

import pytest

from edgepose.train.loop.interruption import Interruption


def test_the_first_press_is_a_wish_however_often_it_arrives() -> None:
    before = signal.getsignal(signal.SIGINT)
    with Interruption() as interruption:
        assert not interruption.is_wanted
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)
        assert interruption.is_wanted
    assert signal.getsignal(signal.SIGINT) is before


def test_a_later_press_is_an_order(monkeypatch: pytest.MonkeyPatch) -> None:
    with Interruption():
        signal.raise_signal(signal.SIGINT)
        now = time.monotonic()
        monkeypatch.setattr("edgepose.train.loop.interruption.time.monotonic", lambda: now + 10)
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)


def test_a_kill_is_a_wish_too_where_it_ends_the_process_like_control_c() -> None:
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with Interruption() as interruption:
            signal.raise_signal(signal.SIGTERM)
            assert interruption.is_wanted
        assert signal.getsignal(signal.SIGTERM) is signal.default_int_handler
    finally:
        signal.signal(signal.SIGTERM, before)


def test_another_thread_leaves_signals_alone() -> None:
    before, seen = signal.getsignal(signal.SIGINT), []

    def enter() -> None:
        with Interruption() as interruption:
            seen.append((signal.getsignal(signal.SIGINT), interruption.is_wanted))

    thread = threading.Thread(target=enter)
    thread.start()
    thread.join()
    assert seen == [(before, False)]
