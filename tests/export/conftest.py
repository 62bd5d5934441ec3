"""A network that was trained for seconds, and one export of it to everything, for all tests of the export."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from edgepose.export.export_run import ExportRequest, run_export
from edgepose.export.report import ExportReport
from support.trained import EVERYTHING, PEOPLE, PPNET, save_trained, write_dots_as_lsp


@pytest.fixture(autouse=True, scope="session")
def _one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def dots(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The people that the networks know, as `open_dataset` takes them."""
    return write_dots_as_lsp(tmp_path_factory.mktemp("dots") / "lsp", PEOPLE)


@pytest.fixture(scope="session")
def ppnet(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The checkpoint of a small PPNet that knows these people."""
    return save_trained(tmp_path_factory.mktemp("trained") / "small.safetensors", PPNET, PEOPLE, steps=200)


@pytest.fixture(scope="session")
def exported(ppnet: Path, dots: str, tmp_path_factory: pytest.TempPathFactory) -> tuple[ExportReport, Path]:
    """The report and the folder of its export to every format and precision."""
    out = tmp_path_factory.mktemp("exported") / "models"
    return run_export(ExportRequest(ppnet, EVERYTHING, out, calibrate=dots, runs=5)), out
