"""What the shipped models' cards say about accuracy is what evaluation gives."""

from pathlib import Path

import pytest

from edgepose.runtime.shipped import ShippedModel, shipped_models
from edgepose.train.data import open_dataset
from edgepose.train.evaluate import evaluate
from edgepose.train.opening import open_any
from edgepose.train.session import TorchSession

SHIPPED = shipped_models()
OF_ONE_PERSON = [model for model in SHIPPED if not model.everybody]
OF_EVERYBODY = [model for model in SHIPPED if model.everybody]


@pytest.mark.parametrize("model", SHIPPED, ids=lambda model: model.name)
def test_the_card_tells_the_accuracy_and_the_origin(model: ShippedModel) -> None:
    with TorchSession(model.checkpoint) as session:
        card = session.card
    headline, images = ("OKS AP", 123) if model.everybody else ("PCK@0.2", 1000)
    told = {figure.metric: figure.value for figure in model.accuracy if figure.images == images}
    assert {"data", "recipe", "commit", "date", "hardware"} <= set(card.provenance)
    assert round(card.provenance["accuracy"][headline], 2) == told[headline]
    assert "research" in card.licence
    assert "/" not in "".join(card.provenance["data"]), "a card names data, not somebody's folders"


@pytest.mark.parametrize("model", OF_ONE_PERSON, ids=lambda model: model.name)
def test_the_card_tells_the_accuracy_of_each_joint(model: ShippedModel) -> None:
    with TorchSession(model.checkpoint) as session:
        card = session.card
    assert set(card.provenance["accuracy"]["per_joint"]) == set(card.skeleton_object().joints)


def test_together_they_stay_small() -> None:
    weights = [model.checkpoint.stat().st_size for model in SHIPPED]
    assert max(weights) < 16e6
    assert sum(weights) < 40e6
    exports = [model.path.stat().st_size for model in SHIPPED]
    assert sum(weights + exports) < 60e6, "a wheel holds them all"


@pytest.mark.slow
@pytest.mark.research_data
@pytest.mark.parametrize("model", OF_EVERYBODY, ids=lambda model: model.name)
def test_evaluation_of_everybody_gives_the_figure_of_the_card(research_data: Path, model: ShippedModel) -> None:
    told = {f.metric: f.value for f in model.accuracy if f.data.startswith("coco:val")}
    validation = open_dataset(f"coco:{research_data / 'coco'}:val")
    for path in (model.checkpoint, model.path):
        with open_any(str(path), None) as session:
            assert evaluate(session, validation).metrics["OKS AP"] == pytest.approx(told["OKS AP"], abs=0.1)


@pytest.mark.slow
@pytest.mark.research_data
@pytest.mark.parametrize("model", OF_ONE_PERSON, ids=lambda model: model.name)
def test_evaluation_gives_the_figure_of_the_card(research_data: Path, model: ShippedModel) -> None:
    told = {f.metric: f.value for f in model.accuracy if f.images == 1000 and f.data.startswith("lsp:test")}
    measured = accuracy(model.path, research_data)
    assert measured == pytest.approx(told["PCK@0.2"], abs=0.1)
    if model.default:
        assert measured >= 70


@pytest.mark.slow
@pytest.mark.research_data
@pytest.mark.parametrize("model", OF_ONE_PERSON, ids=lambda model: model.name)
def test_the_weights_are_as_accurate_as_their_export(research_data: Path, model: ShippedModel) -> None:
    weights, exported = (accuracy(path, research_data, limit=200) for path in (model.checkpoint, model.path))
    assert weights == pytest.approx(exported, abs=0.1)


def accuracy(path: Path, research_data: Path, limit: int | None = None) -> float:
    """Return PCK@0.2 on the first `limit` people of LSP 1001-2000."""
    test_set = open_dataset(f"lsp:{research_data / 'lsp'}:test")
    with open_any(str(path), None) as session:
        return evaluate(session, test_set, box="joints", limit=limit).metrics["PCK@0.2"]
