"""Third-party converters, kept from the terminal and from the network."""

import io
import logging
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout

_ERROR_STREAM = 2


@contextmanager
def quiet() -> Iterator[None]:
    """Keep progress bars, log lines, warnings and what compiled code prints from the terminal; errors still raise."""
    disabled_before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with (
            warnings.catch_warnings(),
            redirect_stdout(io.StringIO()),
            redirect_stderr(io.StringIO()),
            _native_messages_dropped(),
        ):
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(disabled_before)


@contextmanager
def _native_messages_dropped() -> Iterator[None]:
    """Drop what compiled code writes to the process's error stream, past Python's."""
    try:
        kept = os.dup(_ERROR_STREAM)
    except OSError:  # a service that was started without: there is nothing to drop
        yield
        return
    with open(os.devnull, "wb") as nowhere:  # noqa: PTH123  devnull is no path of a file
        os.dup2(nowhere.fileno(), _ERROR_STREAM)
    try:
        yield
    finally:
        os.dup2(kept, _ERROR_STREAM)
        os.close(kept)


def refuse_telemetry() -> None:
    """Turn off NNCF's reports home, which are on unless this is set before it is imported."""
    os.environ.setdefault("NNCF_CI", "1")
