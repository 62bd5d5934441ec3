"""Third-party converters, kept from the terminal and from the network."""

import io
import logging
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout

from edgepose.runtime.plumbing.native_messages import native_messages_dropped


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
            native_messages_dropped(),
        ):
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(disabled_before)


def refuse_telemetry() -> None:
    """Turn off NNCF's reports home, which are on unless this is set before it is imported."""
    os.environ.setdefault("NNCF_CI", "1")
