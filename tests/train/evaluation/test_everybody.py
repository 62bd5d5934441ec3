"""How well everybody in a picture is found, by the same code in training, in every format and from the command line."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console
from typer.testing import CliRunner

from edgepose.cli.main import app
from edgepose.profiles.errors import EdgeposeError
from edgepose.runtime.backends import open_model
from edgepose.runtime.backends.base import Session
from edgepose.runtime.codecs import of_everybody
from edgepose.runtime.codecs.body_part import BodyPartCodec
from edgepose.runtime.skeleton import SIMPLE_POSE_18
from edgepose.train.data import open_dataset
from edgepose.train.evaluation.evaluate import evaluate
from edgepose.train.evaluation.everybody import look_at, measure_everybody, seen_by
from edgepose.train.evaluation.tables import evaluation_tables
from support.dot_dataset import DotDataset
from support.engines import backend_or_skip
from support.painted_crowds import PaintedCrowds
from support.painted_people import save_painted_model
from support.tiny_checkpoint import save_tiny_checkpoint

pytest.importorskip("pycocotools")


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Session]:
    backend_or_skip("onnxruntime")
    with open_model(str(save_painted_model(tmp_path_factory.mktemp("model")))) as opened:
        yield opened


@pytest.mark.parametrize("scales", [(1.0,), (1.0, 1.5)])
def test_everybody_who_is_seen_counts(session: Session, scales: tuple[float, ...]) -> None:
    evaluation = evaluate(session, PaintedCrowds(4), scales=scales)
    assert evaluation.metrics["OKS AP"] > 95
    assert set(evaluation.metrics) == {"OKS AP", "OKS AP50", "OKS AP75", "OKS AR"}
    assert (evaluation.images, evaluation.people) == (4, 7)
    assert evaluation.environment["scales"] == list(scales)
    assert evaluation.environment["flip_test"] is False
    console = Console(width=80)
    with console.capture() as captured:
        console.print(evaluation_tables(evaluation))
    assert "painted on painted:0: 7 people in 4 images" in captured.get()
    assert "PCK" not in captured.get()


def test_who_is_overlooked_costs_recall(session: Session) -> None:
    evaluation = evaluate(session, PaintedCrowds(4, unseen=(1, 4)))
    assert evaluation.metrics["OKS AR"] == pytest.approx(100 * 5 / 7, abs=5)
    assert evaluate(session, PaintedCrowds(4), limit=2).people == 3


def test_training_measures_as_evaluation_does(session: Session) -> None:
    codec = of_everybody(session.card.codec_object(), "painted")
    see = seen_by(lambda images: session.run({"image": images})["maps"], codec)
    found, truth = look_at(see, PaintedCrowds(4), SIMPLE_POSE_18)
    assert len(found) == len(truth) == 7
    metrics = measure_everybody(found, truth, SIMPLE_POSE_18)
    assert metrics == pytest.approx(evaluate(session, PaintedCrowds(4)).metrics)


def test_a_neck_is_not_judged_and_nobody_is_an_answer() -> None:
    codec = BodyPartCodec((64, 48), (16, 12))
    found, truth = look_at(
        lambda image: codec.decode(np.zeros((50, 12, 16), np.float32)), PaintedCrowds(2), SIMPLE_POSE_18
    )
    assert len(found) == 0
    assert np.isnan(truth.keypoints[:, SIMPLE_POSE_18.index("neck")]).all()
    assert measure_everybody(found, truth, SIMPLE_POSE_18)["OKS AP"] == 0


def test_options_of_the_other_kind_of_model_are_one_clear_line(session: Session, tmp_path: Path) -> None:
    with pytest.raises(EdgeposeError, match="painted looks at whole pictures; leave --box joints out"):
        evaluate(session, PaintedCrowds(1), box="joints")
    with pytest.raises(EdgeposeError, match="dots:0 knows one person a picture; for everybody in it give coco"):
        evaluate(session, DotDataset(1))
    tails = PaintedCrowds(1)
    tails.skeleton = replace(SIMPLE_POSE_18, name="tail-1", joints=("tail",), edges=(), sigmas=(0.1,))
    with pytest.raises(EdgeposeError, match=r"nobody in painted:0 has a labelled joint of simplepose-18"):
        evaluate(session, tails)
    with pytest.raises(EdgeposeError, match=r"nobody in painted:0 has a labelled joint of simplepose-18"):
        evaluate(session, PaintedCrowds(0))
    checkpoint = str(save_tiny_checkpoint(tmp_path))
    result = CliRunner().invoke(app, ["evaluate", checkpoint, "--data", "synthetic:1", "--scales", "1,2"])
    assert isinstance(result.exception, EdgeposeError)
    assert "--scales is for models of everybody" in str(result.exception)


def test_the_command_prints_what_was_measured(tmp_path: Path) -> None:
    backend_or_skip("onnxruntime")
    model = str(save_painted_model(tmp_path))
    runner = CliRunner()
    result = runner.invoke(app, ["evaluate", model, "--data", "synthetic:2:5", "--flip", "--scales", "0.5,1", "--json"])
    assert result.exit_code == 0, result.output
    document = json.loads(result.stdout)
    assert document["metrics"]["OKS AP"] == 0
    assert document["environment"]["scales"] == [0.5, 1.0]
    assert document["environment"]["flip_test"] is True
    assert document["people"] == sum(len(open_dataset("synthetic:2:5").picture(i)[0].keypoints) for i in range(2))
    result = runner.invoke(app, ["evaluate", model, "--data", "synthetic:2:5", "--scales", "half"])
    assert "expected --scales as numbers with commas, as in 1,1.5; found half" in str(result.exception)
