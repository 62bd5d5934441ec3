"""What the shipped models' cards say about accuracy is what evaluation gives."""

from pathlib import Path

import pytest

from edgepose.runtime.shipped import ShippedModel, shipped_models
from edgepose.train.data import open_dataset
from edgepose.train.evaluate import evaluate
from edgepose.train.opening import open_any
from edgepose.train.session import TorchSession


@pytest.mark.parametrize("model", shipped_models(), ids=lambda model: model.name)
def test_the_card_tells_the_accuracy_and_the_origin(model: ShippedModel) -> None:
    with TorchSession(model.checkpoint) as session:
        card = session.card
    told = {figure.metric for figure in model.accuracy if figure.images == 1000}
    assert {"PCK@0.2", "PCKh@0.5"} <= told
    assert {"data", "recipe", "commit", "date", "hardware"} <= set(card.provenance)
    by_joint = card.provenance["accuracy"]
    assert set(by_joint["per_joint"]) == set(card.skeleton_object().joints)
    assert {round(by_joint["PCK@0.2"], 2)} == {
        f.value for f in model.accuracy if (f.metric, f.images) == ("PCK@0.2", 1000)
    }
    assert "research" in card.licence
    assert "/" not in "".join(card.provenance["data"]), "a card names data, not somebody's folders"


def test_together_they_stay_small() -> None:
    sizes = [file.stat().st_size for model in shipped_models() for file in (model.path, model.checkpoint)]
    assert max(sizes) < 16e6
    assert sum(sizes) < 40e6


@pytest.mark.slow
@pytest.mark.research_data
@pytest.mark.parametrize("model", shipped_models(), ids=lambda model: model.name)
def test_evaluation_gives_the_figure_of_the_card(research_data: Path, model: ShippedModel) -> None:
    told = {f.metric: f.value for f in model.accuracy if f.images == 1000 and f.data.startswith("lsp:test")}
    measured = accuracy(model.path, research_data)
    assert measured == pytest.approx(told["PCK@0.2"], abs=0.1)
    if model.default:
        assert measured >= 70


@pytest.mark.slow
@pytest.mark.research_data
@pytest.mark.parametrize("model", shipped_models(), ids=lambda model: model.name)
def test_the_weights_are_as_accurate_as_their_export(research_data: Path, model: ShippedModel) -> None:
    weights, exported = (accuracy(path, research_data, limit=200) for path in (model.checkpoint, model.path))
    assert weights == pytest.approx(exported, abs=0.1)


def accuracy(path: Path, research_data: Path, limit: int | None = None) -> float:
    """Return PCK@0.2 on the first `limit` people of LSP 1001-2000."""
    test_set = open_dataset(f"lsp:{research_data / 'lsp'}:test")
    with open_any(str(path), None) as session:
        return evaluate(session, test_set, box="joints", limit=limit).metrics["PCK@0.2"]
