"""Work that Ctrl-C may not break off, because what it leaves half done would be lost."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def interrupt_deferred() -> Iterator[None]:
    """Hold Ctrl-C back during the body of a `with`: `KeyboardInterrupt` is raised at its end.

    The same holds for every signal that ends the program as Ctrl-C does. An error of the body goes first. Outside of
    the main thread, where no signal is handled, it does nothing.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    came: list[int] = []
    deferred = [n for n in signal.valid_signals() if signal.getsignal(n) is signal.default_int_handler]
    try:
        for number in deferred:
            signal.signal(number, lambda number, _: came.append(number))
        yield
    finally:
        for number in deferred:
            signal.signal(number, signal.default_int_handler)
    if came:
        raise KeyboardInterrupt
