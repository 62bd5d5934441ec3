"""What a command does when nobody takes what it prints."""

import subprocess
import sys
from pathlib import Path

import pytest

_APP = """
import typer
from edgepose.runtime.plumbing.command_line import run_app
app = typer.Typer()

@app.command()
def talk(lines: int) -> None:
    for _ in range(lines):
        typer.echo("a line that is long enough to fill the buffer of a pipe when there are many like it")

run_app(app)
"""
FULL = Path("/dev/full")


@pytest.mark.skipif(not FULL.exists(), reason="no full disk to write to")
@pytest.mark.parametrize("lines", [1, 5000])
def test_a_full_disk_is_one_line_and_exit_code_2(lines: int) -> None:
    with FULL.open("w") as full:
        done = subprocess.run(
            [sys.executable, "-c", _APP, str(lines)], stdout=full, stderr=subprocess.PIPE, text=True, check=False
        )
    assert done.returncode == 2
    assert done.stderr == "error: the system refuses: No space left on device\n"


def test_a_reader_who_has_seen_enough_is_no_error_to_speak_of() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", _APP, "20000"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        told = process.stderr.read()
    assert process.returncode == 1
    assert told == ""
