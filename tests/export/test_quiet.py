"""Tools say nothing on the terminal, whatever they write by, and can speak again afterwards."""

import logging
import os
import sys
import warnings

import pytest

from edgepose.export.quiet import quiet


def test_nothing_that_a_tool_writes_reaches_the_terminal(capfd: pytest.CaptureFixture[str]) -> None:
    with quiet():
        print("progress")
        print("progress", file=sys.stderr)
        os.write(2, b"from compiled code")
        logging.getLogger("tool").warning("log line")
        warnings.warn("warning", stacklevel=1)
    assert capfd.readouterr() == ("", "")
    os.write(2, b"afterwards")
    assert capfd.readouterr().err == "afterwards"


def test_an_error_inside_ends_the_silence(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ValueError, match="inside"), quiet():
        raise ValueError("inside")
    os.write(2, b"afterwards")
    assert capfd.readouterr().err == "afterwards"
