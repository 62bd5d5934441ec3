import errno
import hashlib
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from edgepose.profiles.errors import EdgeposeError
from edgepose.runtime.files import sha256_of, write_text_whole, write_whole


def test_sha256_is_that_of_the_bytes(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"edgepose")
    assert sha256_of(path) == hashlib.sha256(b"edgepose").hexdigest()


def test_sha256_of_nothing_is_one_clear_error(tmp_path: Path) -> None:
    with pytest.raises(EdgeposeError, match=r"cannot read .*absent: No such file"):
        sha256_of(tmp_path / "absent")


def test_a_file_appears_whole_in_a_folder_that_is_made(tmp_path: Path) -> None:
    path = tmp_path / "new" / "folder" / "card.json"
    with write_whole(path) as temporary:
        temporary.write_text("whole")
        assert temporary.suffix == ".json"
        assert not path.exists()
    assert path.read_text() == "whole"
    assert [file.name for file in path.parent.iterdir()] == ["card.json"]


def test_a_file_is_as_readable_as_any_other(tmp_path: Path) -> None:
    write_text_whole(tmp_path / "ours", "")
    (tmp_path / "plain").touch()
    assert (tmp_path / "ours").stat().st_mode == (tmp_path / "plain").stat().st_mode


def test_a_failure_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "file"
    write_text_whole(path, "old")
    with pytest.raises(ZeroDivisionError), write_whole(path) as temporary:  # noqa: PT012  the failure is inside
        temporary.write_text("half of the n")
        raise ZeroDivisionError
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_full_disk_is_one_clear_error(tmp_path: Path) -> None:
    full = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    with (
        pytest.raises(EdgeposeError, match=r"cannot write .*file: No space left on device; free"),
        write_whole(tmp_path / "file"),
    ):
        raise full
    assert list(tmp_path.iterdir()) == []


def test_an_unwritable_folder_is_one_clear_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(EdgeposeError, match=r"cannot write .*card.json: (Not a directory|File exists)"):
        write_text_whole(tmp_path / "file" / "card.json", "text")


def test_a_kill_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "file"
    write_text_whole(path, "old")
    script = (
        "import os, signal, sys; from pathlib import Path; from edgepose.runtime.files import write_whole\n"
        "with write_whole(Path(sys.argv[1])) as temporary:\n"
        "    temporary.write_text('half'); os.kill(os.getpid(), signal.SIGKILL)"
    )
    done = subprocess.run([sys.executable, "-c", script, str(path)], check=False)
    assert done.returncode == -signal.SIGKILL
    assert path.read_text() == "old"
    assert len(list(tmp_path.iterdir())) == 2
    write_text_whole(path, "new")
    assert list(tmp_path.iterdir()) == [path], "what the killed process left is gone with the next write"
