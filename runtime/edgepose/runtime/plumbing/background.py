"""One function on a thread of its own, whose error is not lost."""

from collections.abc import Callable
from concurrent.futures import Future
from threading import Thread


class BackgroundTask:
    """Runs `work` on a thread; calls `on_end`, on that thread, when it has ended in any way.

    The thread does not keep the interpreter from ending; whoever starts it stops it before that.
    """

    def __init__(self, work: Callable[[], None], name: str, on_end: Callable[[], None]) -> None:
        self._work = work
        self._future: Future[None] = Future()
        self._future.add_done_callback(lambda _: on_end())
        self._thread = Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            self._work()
        except BaseException as error:  # noqa: BLE001 - not swallowed: `check` raises it where somebody can act
            self._future.set_exception(error)
        else:
            self._future.set_result(None)

    @property
    def ended(self) -> bool:
        """Whether the function has returned or raised."""
        return self._future.done()

    def check(self) -> None:
        """Raise what the function raised, if it has ended that way."""
        if self._future.done():
            self._future.result()

    def join(self, timeout_s: float | None = None) -> None:
        """Wait until the function has ended, or `timeout_s` at most."""
        self._thread.join(timeout_s)
