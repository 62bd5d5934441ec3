"""What compiled code writes to the terminal, past Python's own streams."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from threading import RLock

_ERROR_STREAM = 2
_terminal = RLock()


@contextmanager
def native_messages_dropped() -> Iterator[None]:
    """Drop what engines and converters write to the process's error stream; their exceptions say it anyway."""
    # one at a time: else two that overlap would give back each other's silence
    with _terminal:
        try:
            before = os.dup(_ERROR_STREAM)
        except OSError:  # a service that was started without: there is nothing to drop
            yield
            return
        nowhere = os.open(os.devnull, os.O_WRONLY)
        try:
            os.dup2(nowhere, _ERROR_STREAM)
            yield
        finally:
            os.dup2(before, _ERROR_STREAM)
            os.close(before)
            os.close(nowhere)
