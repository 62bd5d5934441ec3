"""Ctrl-C, and `kill`, between two steps: the first is a wish that the loop follows, a later one ends the process."""

import signal
import threading
import time
from types import FrameType, TracebackType
from typing import Any, Self

from edgepose.runtime.plumbing.deferred_interrupt import interrupts

_ONE_PRESS_SECONDS = 3.0
"""One press of the keys may arrive twice: from the terminal, and from torchrun, which hands it on."""


class Interruption:
    """In a `with`, turns the first Ctrl-C, or what ends the process likewise, into `is_wanted`.

    Outside of the main thread it does nothing.
    """

    def __init__(self) -> None:
        self.is_wanted = False
        self._pressed_at = 0.0
        self._before: dict[int, Any] = {}

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            for number in {signal.SIGINT, *interrupts()}:
                self._before[number] = signal.signal(number, self._note)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, before in self._before.items():
            signal.signal(number, before)

    def _note(self, _number: int, _frame: FrameType | None) -> None:
        now = time.monotonic()
        if self.is_wanted and now - self._pressed_at > _ONE_PRESS_SECONDS:
            raise KeyboardInterrupt
        if not self.is_wanted:
            self.is_wanted, self._pressed_at = True, now


def leave_ending_to_the_loop(_worker: int) -> None:
    """Let a loader's process go on after Ctrl-C and what ends the process likewise.

    A terminal, `timeout`, systemd and batch systems send it to every process of a program, and whoever trains still
    needs the loader while it saves; it ends with the loop.
    """
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_IGN)
