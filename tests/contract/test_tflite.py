"""LiteRT keeps the contract, and what is its own."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import psutil
import pytest

from contract.session_contract import SessionContract
from edgepose.profiles.probe import probe_this_machine
from edgepose.runtime.backends.base import Session, SessionOptions
from edgepose.runtime.errors import CardError, ModelError
from edgepose.runtime.model_files.sidecar import write_sidecar
from edgepose.runtime.model_files.tflite_file import with_card
from support.engines import backend_or_skip
from support.tiny_model import random_feeds, tiny_card
from support.tiny_tflite import fixed_batch, of_another_version, of_single_images, save_tiny_tflite, tiny_flatbuffer


def open_tflite(path: Path, options: SessionOptions = SessionOptions()) -> Session:
    return backend_or_skip("tflite").TfliteSession(path, options)


class TestTflite(SessionContract):
    """One image at a time, as the exporter writes it."""

    reports_layers = False
    fixed_batch = 1

    def open(self, folder: Path, options: SessionOptions) -> Session:
        return open_tflite(save_tiny_tflite(folder), options)


class TestTfliteOfFreeBatch(SessionContract):
    reports_layers = False

    def open(self, folder: Path, options: SessionOptions) -> Session:
        return open_tflite(save_tiny_tflite(folder, tiny_card()), options)


class TestTfliteWithoutSignature(SessionContract):
    """The tensors' own names serve; the card is found inside."""

    reports_layers = False
    fixed_batch = 1

    def open(self, folder: Path, options: SessionOptions) -> Session:
        return open_tflite(save_tiny_tflite(folder, signature=False, sidecar=False), options)


def test_without_a_wish_every_core_that_is_allowed_gets_a_thread(tmp_path: Path) -> None:
    with open_tflite(save_tiny_tflite(tmp_path)) as session:
        assert session.info.threads == probe_this_machine().physical_cores


def test_the_threads_are_real(tmp_path: Path) -> None:
    path = save_tiny_tflite(tmp_path)
    before = psutil.Process().num_threads()
    with open_tflite(path, SessionOptions(threads=1)):
        assert psutil.Process().num_threads() == before
    with open_tflite(path, SessionOptions(threads=3)):
        assert psutil.Process().num_threads() == before + 2
    assert psutil.Process().num_threads() == before


def test_people_come_and_go_where_the_batch_is_free(tmp_path: Path) -> None:
    with open_tflite(save_tiny_tflite(tmp_path, tiny_card())) as session:
        crowd = random_feeds(session.card, people=4)
        together = session.run(crowd)["heatmaps"]
        for i in range(4):
            alone = session.run({"image": crowd["image"][i : i + 1]})["heatmaps"]
            np.testing.assert_allclose(alone[0], together[i], atol=1e-6)


def test_a_graph_that_takes_one_image_after_all_says_so_and_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "single.tflite"
    path.write_bytes(with_card(of_single_images(tiny_flatbuffer(tiny_card())), tiny_card(format="tflite")))
    with open_tflite(path) as session:
        first = session.run(random_feeds(session.card))["heatmaps"]
        for people in (2, 3):
            with pytest.raises(
                ModelError, match=r"does not run with inputs of shape [^\n]*; feed one image at a time$"
            ):
                session.run(random_feeds(session.card, people=people))
        np.testing.assert_array_equal(session.run(random_feeds(session.card))["heatmaps"], first)


def test_another_device_than_the_cpu_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="litert runs on the CPU, not on GPU; export the model to openvino"):
        open_tflite(save_tiny_tflite(tmp_path), SessionOptions(device="GPU"))


@pytest.mark.parametrize("kept", [0, 0.0005, 0.25, 0.5, 0.9, 0.99, 0.9999])
def test_a_truncated_file_is_one_clear_error(tmp_path: Path, kept: float) -> None:
    path = save_tiny_tflite(tmp_path, sidecar=False)
    content = path.read_bytes()
    path.write_bytes(content[: int(kept * len(content))])
    with pytest.raises((ModelError, CardError), match=r"^[^\n]*tiny.tflite [^\n]*; export it again$"):
        open_tflite(path)


def test_damage_anywhere_is_noticed_before_the_engine_sees_it(tmp_path: Path, rng: np.random.Generator) -> None:
    """Old engines end the process for some of these."""
    path = save_tiny_tflite(tmp_path, sidecar=False)
    content = path.read_bytes()
    length = len(tiny_flatbuffer(fixed_batch(tiny_card())))
    for at in rng.integers(8, length, 300):
        path.write_bytes(content[:at] + bytes([content[at] ^ (1 << rng.integers(8))]) + content[at + 1 :])
        with pytest.raises(ModelError, match=r"^[^\n]* is not the model of the card inside, or is damaged[^\n]*$"):
            open_tflite(path)


def test_a_foreign_file_is_one_clear_error(tmp_path: Path) -> None:
    path = tmp_path / "picture.tflite"
    path.write_bytes(b"\x89PNG\r\n\x1a\n" * 100)
    with pytest.raises(ModelError, match=r"is not a TFLite model: expected TFL3 at byte 4, found [^\n]*"):
        open_tflite(path)


def test_a_tflite_model_of_somebody_else_is_one_clear_error(tmp_path: Path) -> None:
    path = tmp_path / "foreign.tflite"
    path.write_bytes(tiny_flatbuffer(tiny_card()))
    with pytest.raises(CardError, match=r"has no model card, neither at its end nor as foreign.tflite.card.json"):
        open_tflite(path)


def test_what_the_engine_cannot_run_is_one_clear_error(tmp_path: Path) -> None:
    path = tmp_path / "newer.tflite"
    path.write_bytes(with_card(of_another_version(tiny_flatbuffer(tiny_card())), tiny_card(format="tflite")))
    with pytest.raises(ModelError, match=r"can run: Didn't find op for builtin opcode 'CONV_2D' version '99'[^\n]*$"):
        open_tflite(path)


def test_what_fails_only_when_it_runs_is_one_clear_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_engine: object) -> None:
        raise RuntimeError("gather index out of bounds.\nNode number 3 (GATHER) failed to invoke.")

    with open_tflite(save_tiny_tflite(tmp_path)) as session:
        monkeypatch.setattr("ai_edge_litert.interpreter.Interpreter.invoke", refuse)
        told = r"^litert cannot run [^\n]*tiny.tflite: gather index out of bounds; export it again$"
        with pytest.raises(ModelError, match=told):
            session.run(random_feeds(session.card))


def test_the_model_of_another_card_is_an_error(tmp_path: Path) -> None:
    path = save_tiny_tflite(tmp_path)
    other = save_tiny_tflite(tmp_path, fixed_batch(tiny_card(name="other")))
    path.write_bytes(other.read_bytes())
    with pytest.raises(CardError, match=r"tiny.tflite is not the file of its card"):
        open_tflite(path)


def test_cards_that_disagree_are_an_error(tmp_path: Path) -> None:
    path = save_tiny_tflite(tmp_path, sidecar=False)
    write_sidecar(path, fixed_batch(tiny_card(licence="another")))
    with pytest.raises(CardError, match=r"the card inside and tiny.tflite.card.json disagree in licence"):
        open_tflite(path)


def test_a_folder_is_one_clear_error(tmp_path: Path) -> None:
    (tmp_path / "folder.tflite").mkdir()
    with pytest.raises(ModelError, match="absent or unreadable"):
        open_tflite(tmp_path / "folder.tflite")


def test_the_engine_keeps_off_the_terminal(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from edgepose.runtime.backends.tflite import TfliteSession\n"
        "TfliteSession(Path(sys.argv[1])).close(); print('from the end', file=sys.stderr)"
    )
    command = [sys.executable, "-c", code, str(save_tiny_tflite(tmp_path))]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("", "from the end\n")


def test_sessions_opened_at_once_leave_the_terminal_as_it_was(tmp_path: Path) -> None:
    code = (
        "import sys; from concurrent.futures import ThreadPoolExecutor; from pathlib import Path\n"
        "from edgepose.runtime.backends.tflite import TfliteSession\n"
        "with ThreadPoolExecutor(4) as pool: sessions = list(pool.map(TfliteSession, [Path(sys.argv[1])] * 40))\n"
        "print('still here', file=sys.stderr)"
    )
    command = [sys.executable, "-c", code, str(save_tiny_tflite(tmp_path))]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stderr == "still here\n"


def test_a_service_without_a_terminal_opens_models_too(tmp_path: Path) -> None:
    code = (
        "import os, sys; from pathlib import Path; from edgepose.runtime.backends.tflite import TfliteSession\n"
        "os.close(2); print(TfliteSession(Path(sys.argv[1])).info.engine)"
    )
    command = [sys.executable, "-c", code, str(save_tiny_tflite(tmp_path))]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == "litert\n"
