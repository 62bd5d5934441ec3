import errno
import hashlib
import os
import signal
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from edgepose.profiles.errors import EdgeposeError
from edgepose.runtime.plumbing.files import (
    open_text_whole,
    refuse_overwriting,
    sha256_of,
    write_text_whole,
    write_whole,
)


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


def test_only_what_was_left_of_this_very_file_is_removed(tmp_path: Path) -> None:
    others = [".door-2024-4321-abcdefgh.jsonl", ".door-2020-old.jsonl", ".door-20240131120000-77-abcdefgh.jsonl"]
    for name in others:
        (tmp_path / name).touch()
    write_text_whole(tmp_path / "door.jsonl", "text")
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([*others, "door.jsonl"])


@pytest.mark.parametrize(
    ("host", "writer", "days", "stays"),
    [
        ("here", "dead", 0, False),
        ("here", "alive", 9, True),
        ("here", "own", 0, True),
        ("here", "own", 9, False),
        ("0123abcd", "dead", 0, True),
        ("0123abcd", "alive", 9, False),
    ],
)
def test_what_another_writes_stays_and_what_was_left_does_not(
    tmp_path: Path, host: str, writer: str, days: int, stays: bool
) -> None:
    """A process of this machine lives or not; of another, and of one's own number, only the file's age tells."""
    with write_whole(tmp_path / "other.jsonl") as temporary:
        here = temporary.name.split("-")[1]
    pid = {"dead": 2**22 + 7, "alive": os.getppid(), "own": os.getpid()}[writer]
    file = tmp_path / f".door-{here if host == 'here' else host}-{pid}-abcdefgh.jsonl"
    file.touch()
    written_s = time.time() - 86400 * days
    os.utime(file, (written_s, written_s))
    write_text_whole(tmp_path / "door.jsonl", "text")
    assert file.exists() is stays


def test_who_may_read_a_file_stays_when_it_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "file"
    write_text_whole(path, "old")
    path.chmod(0o600)
    write_text_whole(path, "new")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_file_system_without_modes_keeps_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(errno.EPERM, os.strerror(errno.EPERM))

    monkeypatch.setattr(Path, "chmod", refuse)
    monkeypatch.setattr(os, "open", refuse_folders(os.open))
    write_text_whole(tmp_path / "file", "whole")
    assert (tmp_path / "file").read_text() == "whole"


def refuse_folders(opened: Callable[..., int]) -> Callable[..., int]:
    """Return `os.open` as a share has it that syncs no folders."""

    def open_file(path: str, *flags: int, **rest: int) -> int:
        if Path(path).is_dir():
            raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))
        return opened(path, *flags, **rest)

    return open_file


def test_a_kill_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "file"
    write_text_whole(path, "old")
    script = (
        "import os, signal, sys; from pathlib import Path; from edgepose.runtime.plumbing.files import write_whole\n"
        "with write_whole(Path(sys.argv[1])) as temporary:\n"
        "    temporary.write_text('half'); os.kill(os.getpid(), signal.SIGKILL)"
    )
    done = subprocess.run([sys.executable, "-c", script, str(path)], check=False)
    assert done.returncode == -signal.SIGKILL
    assert path.read_text() == "old"
    assert len(list(tmp_path.iterdir())) == 2
    write_text_whole(path, "new")
    assert list(tmp_path.iterdir()) == [path], "what the killed process left is gone with the next write"


def test_a_folder_is_refused_before_anything_is_made(tmp_path: Path) -> None:
    (tmp_path / "r.json").mkdir()
    with pytest.raises(EdgeposeError, match=r"r\.json is a folder; give the name of a file in it"):
        write_text_whole(tmp_path / "r.json", "text")
    assert list(tmp_path.rglob("*")) == [tmp_path / "r.json"]


def test_a_link_stays_and_its_file_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    target, link = tmp_path / "elsewhere" / "target", tmp_path / "link.json"
    target.write_text("old")
    link.symlink_to(target)
    write_text_whole(link, "new")
    assert link.is_symlink()
    assert target.read_text() == "new"
    assert list(target.parent.iterdir()) == [target]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_a_pipe_gets_each_line_at_once_and_stays(tmp_path: Path) -> None:
    pipe, lines = tmp_path / "pipe", []
    os.mkfifo(pipe)
    first = threading.Event()

    def read() -> None:
        with pipe.open() as file:
            lines.append(file.readline())
            first.set()
            lines.extend(file)

    reader = threading.Thread(target=read)
    reader.start()
    with open_text_whole(pipe) as file:
        file.write("1\n")
        assert first.wait(5)
        file.write("2\n")
    reader.join()
    assert lines == ["1\n", "2\n"]
    assert list(tmp_path.iterdir()) == [pipe]
    assert pipe.is_fifo()
    with pytest.raises(EdgeposeError, match="pipe is a device or a pipe"), write_whole(pipe):
        pytest.fail("a pipe cannot be replaced")


@pytest.mark.skipif(not Path("/dev/full").is_char_device(), reason="needs Linux's devices")
def test_a_device_is_written_to_and_stays(tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to("/dev/null")
    write_text_whole(link, "nothing")
    assert link.is_char_device()
    with pytest.raises(EdgeposeError, match="cannot write /dev/full: No space left on device; see that"):
        write_text_whole(Path("/dev/full"), "nothing")
    assert Path("/dev/full").is_char_device()


def test_an_output_is_no_input_and_no_other_output(tmp_path: Path) -> None:
    clip, other, link, hard = (tmp_path / name for name in ("clip.mp4", "other", "link", "hard"))
    clip.write_text("a clip")
    link.symlink_to(clip)
    os.link(clip, hard)
    inputs = {"the source": [clip], "the model": [tmp_path / "absent.onnx"]}
    for path in (clip, tmp_path / "x" / ".." / "clip.mp4", link, hard):
        with pytest.raises(EdgeposeError, match=r"--json .* would overwrite the source; give another name"):
            refuse_overwriting({"--out": None, "--json": path}, inputs)
    (tmp_path / "dangling").symlink_to(other)
    with pytest.raises(EdgeposeError, match=r"--json .*dangling would overwrite --out"):
        refuse_overwriting({"--out": other, "--json": tmp_path / "dangling"}, inputs)
    refuse_overwriting({"--out": other, "--json": Path("-")}, inputs)
