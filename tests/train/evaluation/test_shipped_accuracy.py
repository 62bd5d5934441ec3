"""What the shipped models' cards say about accuracy is what evaluation gives."""

import json
import re
from pathlib import Path

import pytest

from edgepose.runtime.model_files.shipped import ShippedModel, shipped_models
from edgepose.train.checkpoints.checkpoint import load_checkpoint
from edgepose.train.checkpoints.session import TorchSession
from edgepose.train.data import open_dataset
from edgepose.train.evaluation.evaluate import evaluate
from edgepose.train.evaluation.opening import open_any
from edgepose.train.runs.config import read_config
from support.shipped import by_name

METRICS = {False: "PCK@0.2", True: "OKS AP"}
"""What a model is judged by, and one that sees everybody."""

DEFAULT_FIRST = [pytest.param(m, marks=() if m.default else pytest.mark.long) for m in shipped_models()]
"""A thousand people take half a minute: of the others `make test-slow` looks at the first 200 alone."""


@pytest.mark.parametrize("model", shipped_models(), ids=by_name)
def test_the_card_tells_the_accuracy_and_the_origin(model: ShippedModel) -> None:
    with TorchSession(model.checkpoint) as session:
        card = session.card
    told = {figure.metric: figure.value for figure in model.accuracy if figure.data.startswith(measured_on(model))}
    assert ({"OKS AP", "OKS AR"} if model.everybody else {"PCK@0.2", "PCKh@0.5"}) <= told.keys()
    assert {"data", "recipe", "commit", "date", "hardware"} <= set(card.provenance)
    by_joint = card.provenance["accuracy"]
    # OKS AP is of whole people
    assert set(by_joint["per_joint"]) == set(() if model.everybody else card.skeleton_object().joints)
    headline = METRICS[model.everybody]
    assert told[headline] == round(by_joint[headline], 2)
    assert "research" in card.licence
    assert "/" not in "".join(card.provenance["data"]), "a card names data, not somebody's folders"
    assert not re.search(r'"(/|\.\.?/|[A-Za-z]:)', json.dumps(card.provenance)), "nor does it name other folders"


@pytest.mark.parametrize("model", shipped_models(), ids=by_name)
def test_the_recipe_of_its_name_is_the_one_that_it_was_made_by(model: ShippedModel) -> None:
    training = load_checkpoint(model.checkpoint).training
    recipe = json.loads(json.dumps(read_config(model.name).to_dict()))
    share, of_the_run = recipe.pop("start_share", 0), [part["share"] for part in training.get("averaged", [])][:1]
    assert of_the_run == ([share] if share else [])
    made_by = training["config"]
    assert {**made_by, "start_from": ""} == {**recipe, "start_from": ""}, "--start-from may have said where that lies"


def test_together_they_stay_small() -> None:
    weights = [model.checkpoint.stat().st_size for model in shipped_models()]
    assert max(weights) < 16e6
    assert sum(weights) < 40e6
    # most of a wheel are these and their ONNX files; PyPI takes 100 MB
    assert sum(weights) + sum(model.path.stat().st_size for model in shipped_models()) < 60e6


@pytest.mark.slow
@pytest.mark.research_data("lsp", "coco")
@pytest.mark.parametrize("model", DEFAULT_FIRST, ids=by_name)
def test_evaluation_gives_the_figure_of_the_card(research_data: Path, model: ShippedModel) -> None:
    told = {f.metric: f.value for f in model.accuracy if f.data.startswith(measured_on(model))}
    measured = accuracy(model, model.path, research_data)
    assert measured == pytest.approx(told[METRICS[model.everybody]], abs=0.1)
    if model.default:
        assert measured >= 70


@pytest.mark.slow
@pytest.mark.research_data("lsp", "coco")
@pytest.mark.parametrize("model", shipped_models(), ids=by_name)
def test_the_weights_are_as_accurate_as_their_export(research_data: Path, model: ShippedModel) -> None:
    files = (model.checkpoint, model.path)
    weights, exported = (accuracy(model, path, research_data, limit=200) for path in files)
    assert weights == pytest.approx(exported, abs=0.1)


def measured_on(model: ShippedModel) -> str:
    """Return the data by which a shipped model's accuracy is told."""
    return "coco:val" if model.everybody else "lsp:test"


def accuracy(model: ShippedModel, path: Path, research_data: Path, limit: int | None = None) -> float:
    """Return the main metric of a model's file on the first `limit` examples of its test set."""
    name, part = measured_on(model).split(":")
    test_set = open_dataset(f"{name}:{research_data / name}:{part}")
    with open_any(str(path), None) as session:
        measured = evaluate(session, test_set, box="image" if model.everybody else "joints", limit=limit)
    return measured.metrics[METRICS[model.everybody]]
