"""Ctrl-C and what ends a program likewise; and work that it may not break off, because half of it would be lost."""

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

_PATIENCE_S = 10.0


def terminate_like_control_c() -> None:
    """Let `kill`, a stopped container and a lost connection end this process as Ctrl-C does, with every file closed.

    What is ignored stays ignored, as `nohup` wants it.
    """
    for name in ("SIGTERM", "SIGHUP", "SIGBREAK"):
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, signal.default_int_handler)


def interrupts() -> list[int]:
    """Return the signals that end this process as Ctrl-C does."""
    return [n for n in signal.valid_signals() if signal.getsignal(n) is signal.default_int_handler]


@contextmanager
def interrupt_deferred() -> Iterator[None]:
    """Hold Ctrl-C back during the body of a `with`: `KeyboardInterrupt` is raised at its end.

    The same holds for every signal that ends the program as Ctrl-C does. An error of the body goes first. What comes
    after 10 s ends the process at once: the body may wait for a reader who never reads again. Outside of the main
    thread, where no signal is handled, it does nothing.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    came: list[int] = []
    deferred, began_s = interrupts(), time.monotonic()

    def note(number: int, _frame: FrameType | None) -> None:
        came.append(number)
        if time.monotonic() - began_s > _PATIENCE_S:
            signal.signal(number, signal.SIG_DFL)
            signal.raise_signal(number)

    try:
        for number in deferred:
            signal.signal(number, note)
        yield
    finally:
        for number in deferred:
            signal.signal(number, signal.default_int_handler)
    if came:
        raise KeyboardInterrupt
