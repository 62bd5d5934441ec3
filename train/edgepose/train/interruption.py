"""Ctrl-C between two steps: the first one is a wish that the loop follows, a later one ends the process at once."""

import signal
import threading
import time
from types import FrameType, TracebackType
from typing import Self

_ONE_PRESS_SECONDS = 3.0
"""One press of the keys may arrive twice: from the terminal, and from torchrun, which hands it on."""


class Interruption:
    """In a `with`, turns the first Ctrl-C into `is_wanted`; outside of the main thread it does nothing."""

    def __init__(self) -> None:
        self.is_wanted = False
        self._pressed_at = 0.0
        self._in_main_thread = threading.current_thread() is threading.main_thread()

    def __enter__(self) -> Self:
        if self._in_main_thread:
            self._before = signal.signal(signal.SIGINT, self._note)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._in_main_thread:
            signal.signal(signal.SIGINT, self._before)

    def _note(self, _number: int, _frame: FrameType | None) -> None:
        now = time.monotonic()
        if self.is_wanted and now - self._pressed_at > _ONE_PRESS_SECONDS:
            raise KeyboardInterrupt
        if not self.is_wanted:
            self.is_wanted, self._pressed_at = True, now


def leave_ctrl_c_to_the_loop(_worker: int) -> None:
    """Let a loader's process go on after Ctrl-C, which the terminal sends to it as well."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
