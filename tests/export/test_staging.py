"""What is unfinished stays out of sight, and does not pile up."""

import errno
import os
import platform
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from edgepose.export.errors import ExportError
from edgepose.export.staging import artefact_files, move_in, remove_model, staging_folder
from edgepose.runtime.backends import open_model
from edgepose.runtime.backends.tensorrt_cache import EngineCache
from edgepose.runtime.errors import CardError
from support.tiny_model import save_tiny_openvino, tiny_card
from support.tiny_tensorrt import KEY

HOST = re.sub("[^A-Za-z0-9.]", "_", platform.node())
SHARED_MEMORY = Path("/dev/shm")
"""A file system of its own, as a container's output folder may be."""


def dead_pid() -> int:
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        process.wait()
    return process.pid


def test_folders_of_dead_processes_go_those_of_living_ones_stay(tmp_path: Path) -> None:
    dead, living = tmp_path / f".out.partial-{HOST}-{dead_pid()}", tmp_path / f".out.partial-{HOST}-{os.getppid()}"
    other, elsewhere = tmp_path / f".another.partial-{HOST}-1", tmp_path / f".out.partial-container-{dead_pid()}"
    old = tmp_path / ".out.partial-container-7"
    for folder in (dead, living, other, elsewhere, old):
        folder.mkdir()
        (folder / "file").write_text("")
    os.utime(old, (0, 0))
    with staging_folder(tmp_path / "out") as staging:
        assert staging == tmp_path.resolve() / f".out.partial-{HOST}-{os.getpid()}"
        assert not dead.exists()
        assert not old.exists()
    assert not staging.exists()
    assert living.exists()
    assert other.exists()
    assert elsewhere.exists()
    assert not (tmp_path / "out").exists()


@pytest.mark.skipif(not os.path.ismount(SHARED_MEMORY), reason="no file system to export into is mounted here")
def test_what_is_unfinished_lies_on_the_file_system_that_it_is_for() -> None:
    with staging_folder(SHARED_MEMORY) as staging:
        (staging / f"edgepose-{os.getpid()}.onnx").write_text("finished")
        move_in([staging / f"edgepose-{os.getpid()}.onnx"], SHARED_MEMORY)
    moved = SHARED_MEMORY / f"edgepose-{os.getpid()}.onnx"
    assert moved.read_text() == "finished"
    moved.unlink()
    assert not staging.exists()


def test_where_nothing_can_be_renamed_from_beside_it_work_is_done_inside(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out, rename = tmp_path.resolve() / "out", Path.rename
    out.mkdir()

    def refuse_across(source: Path, target: Path) -> Path:  # as for a folder that is mounted on another of its disk
        if (source.parent == out) != (Path(target).parent == out):
            raise OSError(errno.EXDEV, "Invalid cross-device link")
        return rename(source, target)

    monkeypatch.setattr(Path, "rename", refuse_across)
    with staging_folder(out) as staging:
        assert staging.parent == out
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
    assert not list(out.iterdir())


def test_an_error_removes_what_is_unfinished(tmp_path: Path) -> None:
    def interrupted() -> None:
        with staging_folder(tmp_path / "out") as staging:
            (staging / "half").write_text("")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert list(tmp_path.iterdir()) == []


def test_what_the_file_system_refuses_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ExportError, match=r"cannot write .*; free some space"), staging_folder(tmp_path / "file" / "x"):
        pass


def test_finished_files_replace_those_of_their_name(tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "a.bin").write_text("old")
    (out / "b.onnx").write_text("kept")
    with staging_folder(out) as staging:
        (staging / "a.bin").write_text("new")
        move_in([staging / "a.bin"], out)
    assert {path.name: path.read_text() for path in out.iterdir()} == {"a.bin": "new", "b.onnx": "kept"}


def test_a_break_between_two_renames_is_an_error_and_never_another_model(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out, staging = tmp_path / "out", tmp_path / "staging"
    for folder in (out, staging):
        folder.mkdir()
    save_tiny_openvino(out)
    newer, renamed, replace_file = tiny_card(skeleton="mpii-16"), list[str](), Path.replace

    def break_off(source: Path, target: Path) -> Path:
        renamed.append(source.suffix)
        if len(renamed) == 2:
            raise KeyboardInterrupt
        return replace_file(source, target)

    files = artefact_files(save_tiny_openvino(staging, newer))
    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", break_off)
        with pytest.raises(KeyboardInterrupt):
            move_in(files, out)
    assert renamed == [".bin", ".xml"]
    with pytest.raises(CardError, match=r"tiny\.bin is not the file of its card"):
        open_model(out / "tiny.xml")
    move_in(artefact_files(save_tiny_openvino(staging, newer)), out)
    with open_model(out / "tiny.xml") as session:
        assert session.card.skeleton == newer.skeleton


def test_an_engine_takes_the_place_of_an_older_models(tmp_path: Path) -> None:
    out = tmp_path / "out"
    EngineCache(out).store(replace(KEY, sha256="0" * 16), b"old")
    EngineCache(out).store(replace(KEY, model="other"), b"another model's")
    with staging_folder(out) as staging:
        EngineCache(staging).store(KEY, b"new")
        move_in([*staging.iterdir()], out)
    assert EngineCache(out).load(KEY) == b"new"
    assert len([*out.iterdir()]) == 2


def test_removing_a_model_takes_what_belongs_to_it(tmp_path: Path) -> None:
    names = ["m.xml", "m.bin", "m.xml.card.json", "m.onnx", "m.onnx.card.json", "n.xml"]
    for name in names:
        (tmp_path / name).write_text("")
    remove_model(tmp_path / "m.xml")
    assert {path.name for path in tmp_path.iterdir()} == {"m.onnx", "m.onnx.card.json", "n.xml"}
    remove_model(tmp_path / "m.onnx")
    assert {path.name for path in tmp_path.iterdir()} == {"n.xml"}
