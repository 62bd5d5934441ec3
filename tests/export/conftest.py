"""Networks of random weights, and one that was trained for seconds, with its export to everything."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from edgepose.export import original
from edgepose.export.export_run import ExportRequest, run_export
from edgepose.export.formats import ExportSource
from edgepose.export.summary.report import ExportReport
from support.settled import settled_source
from support.traced import traced_once
from support.trained import EVERYTHING, PEOPLE, PPNET, REPOSE, save_spoiled, save_trained, write_dots_as_lsp


@pytest.fixture(autouse=True, scope="session")
def _one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(autouse=True, scope="session")
def _networks_are_traced_once() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(original, "to_onnx", traced_once(original.to_onnx))
        yield


@pytest.fixture(scope="session")
def settled_ppnet() -> ExportSource:
    """A PPNet of random weights."""
    return settled_source(PPNET)


@pytest.fixture(scope="session")
def settled_repose() -> ExportSource:
    """A RePose of random weights."""
    return settled_source(REPOSE)


@pytest.fixture(scope="session")
def dots(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The people that the networks know, as `open_dataset` takes them."""
    return write_dots_as_lsp(tmp_path_factory.mktemp("dots") / "lsp", PEOPLE)


@pytest.fixture(scope="session")
def ppnet(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The checkpoint of a small PPNet that knows these people."""
    return save_trained(tmp_path_factory.mktemp("trained") / "small.safetensors", PPNET, PEOPLE, steps=120)


@pytest.fixture(scope="session")
def exported(ppnet: Path, dots: str, tmp_path_factory: pytest.TempPathFactory) -> tuple[ExportReport, Path]:
    """The report and the folder of its export to every format and precision."""
    out = tmp_path_factory.mktemp("exported") / "models"
    return run_export(ExportRequest(ppnet, EVERYTHING, out, calibrate=dots, runs=5)), out


@pytest.fixture(scope="session")
def spoiled(ppnet: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same network, of which one layer is spoiled for int8."""
    return save_spoiled(tmp_path_factory.mktemp("spoiled") / "spoiled.safetensors", ppnet)
