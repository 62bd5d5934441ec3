"""The command line as a user meets it: words in; exit code and text out."""

import sys
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO

import pytest

from edgepose.cli.main import main


def edgepose(*words: object) -> tuple[int, str, str]:
    """Run a command and return its exit code, and what it writes to standard output and to the error stream."""
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(StringIO()) as out, redirect_stderr(StringIO()) as told:
        patch.setattr(sys, "argv", ["edgepose", *map(str, words)])
        # it would stay for the tests after this one
        patch.setattr("edgepose.cli.main.terminate_like_control_c", lambda: None)
        with pytest.raises(SystemExit) as ended:
            main()
    return int(ended.value.code or 0), out.getvalue(), told.getvalue()


def printed(*words: object) -> str:
    """Return what a command prints that succeeds."""
    code, out, told = edgepose(*words)
    assert code == 0, told
    return out


def refused(*words: object) -> str:
    """Return the one line that a command says for an error which its user can mend."""
    code, _, told = edgepose(*words)
    assert code == 2, told
    assert "Traceback" not in told
    assert told.count("error: ") == 1, told
    last = told.splitlines()[-1]
    assert last.startswith("error: "), told
    return last
