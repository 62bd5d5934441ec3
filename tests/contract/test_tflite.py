"""LiteRT keeps the contract, and what is its own."""

from pathlib import Path

from contract.session_contract import SessionContract
from edgepose.runtime.backends.base import Session, SessionOptions
from support.engines import backend_or_skip
from support.tiny_model import tiny_card
from support.tiny_tflite import save_tiny_tflite


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
